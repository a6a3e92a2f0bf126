/** Whether the page has the form for phones, by the width that the styles ask for too. */
export const isPhone = (): boolean => matchMedia('(max-width: 640px)').matches
