import { mount } from 'svelte'
import Pictures from './Pictures.svelte'

mount(Pictures, { target: document.getElementById('app') })
