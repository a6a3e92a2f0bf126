/* The address `/elements.js`: the elements, for any page. */
import { defineElements } from '@wirephoto/client/elements'

defineElements()
