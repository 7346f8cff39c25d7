/**
 * Entry point of the workbench page.
 * @module
 */
import { mount } from 'svelte';
import { createClient } from '../../src/server/client.js';
import App from './app.svelte';
import { pages } from './pages.js';
import { createSettings } from './state/settings.svelte.js';
import { createWorkbench } from './state/workbench.svelte.js';
import './style/base.css';
import { addColours } from './style/colours.js';

const target = document.getElementById('app');
if (target === null) throw new Error('The page has no element #app.');
addColours();
const settings = createSettings();
const bench = createWorkbench(createClient(), pages);
mount(App, { target, props: { bench, settings } });
