/** Whether an element takes text, so that keys, pastes and dropped words are its own. */
export const isTextField = (target: EventTarget | null): target is HTMLElement =>
  target instanceof HTMLInputElement
    ? !/^(?:button|checkbox|color|file|radio|range|reset|submit)$/.test(target.type)
    : target instanceof HTMLTextAreaElement ||
      (target instanceof HTMLElement && target.isContentEditable)
