/**
 * Writes docs/http-api.md from the table of verbs and their schemas: `npm run http-reference`.
 * @module
 */
import { writeFileSync } from 'node:fs';
import { httpReference } from './http-reference/page.js';

writeFileSync('docs/http-api.md', await httpReference());
