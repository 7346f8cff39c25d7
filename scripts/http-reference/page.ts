/**
 * The page: what holds for all verbs, then each with its address, request, and answer or events.
 * @module
 */
import { readdirSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { type z } from 'zod';
import { limits } from '../../src/workbench/limits.js';
import { problemSchema } from '../../src/workbench/problems.js';
import { benchVerbs, fileVerbs } from '../../src/workbench/table.js';
import { type Verb } from '../../src/workbench/verb.js';
import { type Listed, addressOf, verbs } from '../../src/workbench/verbs.js';
import { type Declared, constant, fieldsOf, moduleDoc, saidOf } from './declared.js';
import { type Described, type Shared, after, described, formAndFields, titleOf } from './fields.js';

const folder = 'src/workbench/verbs';
/** A schema with fewer fields is listed wherever it is used. */
const fewestShared = 2;

/** Requests of the examples by verb, which the page shows as they are. */
export const examples = {
  inspect: { case: 'addition', input: '535+861=1396', top: 1 },
  read: { case: 'addition', input: '535+861=1396', site: 'a0.0', position: '=', candidates: 64 },
} as const satisfies Partial<Record<keyof typeof verbs, object>>;

const curl = (
  name: keyof typeof examples,
): string => `curl -N http://127.0.0.1:4747/api${addressOf(verbs[name].at).path} \\
  -H 'Content-Type: application/json' \\
  -d '${JSON.stringify(examples[name])}'`;

const gives: Readonly<Record<Listed['gives'], string>> = {
  json: 'JSON',
  created: 'JSON, with status 201',
  events: 'a stream of events',
  text: 'a text of another type',
  file: 'a file',
  nothing: 'nothing, with status 204',
};

/** The verbs of each file in the order of the list, with what the file says of them. */
function declaredVerbs(): Map<string, Map<string, Declared>> {
  const files = readdirSync(folder).filter((file) => file.endsWith('.ts'));
  const all = files.map((file): [string, Map<string, Declared>] => {
    const tables = [...Object.keys(verbs)];
    const path = `${folder}/${file}`;
    const table = tablesOf(path).flatMap((one) => [...fieldsOf(one.expression)]);
    return [path, new Map(table.filter(([name]) => tables.includes(name)))];
  });
  const order = Object.keys(verbs);
  const first = (found: Map<string, Declared>): number =>
    Math.min(...[...found.keys()].map((name) => order.indexOf(name)));
  return new Map(all.filter(([, found]) => found.size > 0).sort(([, a], [, b]) => first(a) - first(b)));
}

/** A file's table: `modelVerbs` of `models.ts`, `readingVerbs` of `readings.ts`. */
function tablesOf(path: string): Declared[] {
  const stem = path.slice(folder.length + 1, -'.ts'.length);
  const names = [`${stem}Verbs`, `${stem.replace(/s$/, '')}Verbs`];
  return names.flatMap((name) => constant(name, path) ?? []);
}

/** A comment without the words that say what it stands on. */
const told = (text: string): string =>
  text
    .replace(/^(?:Body|Answer|Events?)(?: `\w+`| of `[^`]+`)?(?: of an? [\w ]+)?(?: by name)?[.:] ?/, '')
    .replace(/^./, (first) => first.toUpperCase());

/** The whole page, formatted. */
export async function httpReference(): Promise<string> {
  const uses = new Map<string, number>();
  // Written once to count which schemas several places use: these get sections of their own.
  written((name) => {
    uses.set(name, (uses.get(name) ?? 0) + 1);
    return false;
  });
  const sections = new Map<string, Described>();
  const shared: Shared = (name, schema) => {
    if ((uses.get(name) ?? 0) < 2 || Object.keys(schema.json.properties ?? {}).length < fewestShared)
      return false;
    sections.set(name, sections.get(name) ?? schema);
    return true;
  };
  const page = [intro(), written(shared), '## Shared fields'];
  // A map that grows while it is gone through: a section may use schemas that have sections in turn.
  for (const [name, { json, declared }] of sections) {
    const { lines } = formAndFields(
      { json, declared },
      (inner, found) => inner !== name && shared(inner, found),
    );
    page.push(`### ${titleOf(name)}`, told(declared?.doc ?? ''), lines.join('\n'));
  }
  return format(page.join('\n\n'), { ...(await resolveConfig('docs/http-api.md')), parser: 'markdown' });
}

/** All verbs. */
function written(shared: Shared): string {
  const table: Readonly<Record<string, Verb<never>>> = { ...benchVerbs, ...fileVerbs };
  return [...declaredVerbs()]
    .map(([path, found]) => {
      const stem = path.slice(folder.length + 1, -'.ts'.length);
      const title = `## ${stem.charAt(0).toUpperCase()}${stem.slice(1)}`;
      const own = Object.keys(verbs)
        .filter((name) => found.has(name))
        .map((name) => verbText(name, table[name], found.get(name), shared));
      return [title, moduleDoc(path).replaceAll(/\n(?!- )/g, '\n\n'), ...own].join('\n\n');
    })
    .join('\n\n');
}

function verbText(
  name: string,
  verb: Verb<never> | undefined,
  declared: Declared | undefined,
  shared: Shared,
): string {
  if (verb === undefined || declared === undefined) throw new Error(`there is no verb ${name}`);
  const { at, gives: given, most }: Listed = verbs[name as keyof typeof verbs];
  const { path, inPath, inQuery, method } = addressOf(at);
  const fields = fieldsOf(declared.expression);

  const part = (what: string, field: string, { json, declared: from }: Described): string[] => {
    const said = from === null ? '' : told(saidOf(from));
    const { form, lines } = formAndFields({ json, declared: from }, shared);
    const head = lines.length === 0 ? `**${what}**: ${form}.` : `**${what}**`;
    return field === ''
      ? [head, lines.join('\n')]
      : [said === '' ? head : `${head.replace(/\*\*$/, '.**')} ${said}`, lines.join('\n')];
  };
  const schemaPart = (what: string, field: string, schema: z.ZodType | undefined, io: 'input' | 'output') =>
    schema === undefined ? [] : part(what, field, described(schema, fields.get(field) ?? null, io));
  const addressPart = (what: string, names: readonly string[]): string[] => {
    if (verb.address === undefined || names.length === 0) return [];
    const { json, declared: from } = described(verb.address, fields.get('address') ?? null, 'output');
    const own = Object.entries(json.properties ?? {}).filter(([field]) => names.includes(field));
    return part(what, '', { json: { ...json, properties: Object.fromEntries(own) }, declared: from });
  };
  const eventLines = Object.entries(verb.events ?? {}).flatMap(([event, schema]) => {
    const from = fieldsOf(fields.get('events')?.expression ?? declared.expression).get(event) ?? null;
    const { form, lines } = formAndFields(described(schema, from, 'output'), shared, '  ');
    const said = from === null ? '' : told(saidOf(from));
    return [`- \`${event}\`${lines.length === 0 ? ` (${form})` : ''}${after(said, '')}`, ...lines];
  });

  return [
    `### ${name}: \`${method} /api${path.replaceAll(/\{[^}]*\}/g, '')}\``,
    declared.doc,
    `Gives ${gives[given]}.${most === undefined ? '' : ` The body has at most ${most / 1024 / 1024} MiB.`}`,
    ...addressPart('In the path', inPath),
    ...addressPart('In the query', inQuery),
    ...schemaPart('Request', 'body', verb.body, 'input'),
    ...(given === 'text' || given === 'file' ? [] : schemaPart('Answer', 'answer', verb.answer, 'output')),
    ...(eventLines.length === 0 ? [] : ['**Events**', eventLines.join('\n')]),
  ]
    .filter((text) => text !== '')
    .join('\n\n');
}

function intro(): string {
  const problem = described(problemSchema, constant('problemSchema', 'src/workbench/problems.ts'), 'output');
  return `# HTTP API

<!-- Written by \`npm run http-reference\` from the schemas of src/workbench: change those, not this page. -->

The workbench's page asks its server for everything by these addresses, and so can any program. Start the server with
\`npx inversionview serve --port 4747\`; it answers this machine alone unless \`--host\` says otherwise. In TypeScript,
\`src/workbench/client.ts\` makes a typed function of each verb.

- **Requests.** Bodies are JSON, with \`Content-Type: application/json\`; unknown fields are refused. A body has at most
  ${limits.body / 1024} KiB unless the verb says more.
- **Streams** are \`text/event-stream\`: each event has a name (\`event:\`) and one line of JSON (\`data:\`); a line that
  begins with a colon is to be skipped. Closing the connection stops the work. What is wrong with a request is
  answered with its status before the stream begins; what goes wrong later is an \`error\` event.
- **Order.** Work on models is done one job at a time. Until its turn, a stream is sent \`queued\` events.
- **Errors** have a status that is not 2xx and the body \`{"error": …}\`:
${formAndFields(problem, () => false, '  ').lines.join('\n')}
- **Access.** The \`Host\` header must name this server, and requests of pages of other origins are refused. With
  \`--host\` beyond this machine, or \`--token\`, each request needs \`Authorization: Bearer TOKEN\`.

In the lists below, an _optional_ field may be left out of a request, or be missing from an answer.

What an input is, and the token that the model expects at each place:

\`\`\`
${curl('inspect')}
\`\`\`

A reading of 64 candidates, as it comes:

\`\`\`
${curl('read')}
\`\`\``;
}
