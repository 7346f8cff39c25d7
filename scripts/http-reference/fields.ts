/**
 * Fields of requests, answers and events as lists: form and bounds from zod, comments from the source.
 * @module
 */
import { z } from 'zod';
import { type Declared, alternativesOf, fieldsOf, saidOf, schemaOf } from './declared.js';

type Json = z.core.JSONSchema.JSONSchema;

/** A schema as zod describes it, with the place in the source that says more. */
export interface Described {
  readonly json: Json;
  readonly declared: Declared | null;
}

/** Takes a schema: what a request may hold (`input`), or what is given (`output`). */
export const described = (
  schema: z.ZodType,
  declared: Declared | null,
  io: 'input' | 'output',
): Described => ({
  json: z.toJSONSchema(schema, { io, unrepresentable: 'any' }),
  declared,
});

/** Schemas that several places use: each has a section of its own, to which these point. */
export interface Shared {
  /** Called for each schema of a name. @returns whether its fields are listed elsewhere */
  (name: string, schema: Described): boolean;
}

/** `savedReadingSchema` → `SavedReading`. */
export const titleOf = (name: string): string =>
  `${name.charAt(0).toUpperCase()}${name.slice(1).replace(/Schema$/, '')}`;

const asJson = (json: Json | boolean | undefined): Json => (typeof json === 'object' ? json : {});
const isNull = (json: Json | boolean): boolean => asJson(json).type === 'null';

/** Alternatives of a schema but null. */
const variantsOf = (json: Json): readonly Json[] =>
  (json.anyOf ?? json.oneOf)?.filter((one) => !isNull(one)).map(asJson) ?? [json];

/** Objects that have the fields: the schema itself, its items, its alternatives. */
function objectsOf(json: Json): readonly Json[] {
  if (json.properties !== undefined) return [json];
  if (json.items !== undefined) return objectsOf(asJson(json.items as Json));
  if (typeof json.additionalProperties === 'object') return objectsOf(json.additionalProperties);
  const variants = variantsOf(json);
  return variants.length === 1 && variants[0] === json ? [] : variants.flatMap(objectsOf);
}

const number = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: 6 });

/** `1 to 50`, `at least 1`, `at most 50`; nothing for bounds that any number of JSON has. */
function bounds(least: number | undefined, most: number | undefined): string {
  const safe = Number.MAX_SAFE_INTEGER;
  const [low, high] = [least === -safe ? undefined : least, most === safe ? undefined : most];
  if (low !== undefined && high !== undefined) return `${number(low)} to ${number(high)}`;
  return low !== undefined ? `at least ${number(low)}` : high !== undefined ? `at most ${number(high)}` : '';
}

const joined = (words: readonly string[]): string => words.filter((word) => word !== '').join(', ');

/** The form of a schema in a few words. @param object what an object with fields is called */
function formOf(json: Json, object: string): string {
  if (json.enum !== undefined) {
    const values = json.enum.map((value) => `\`${JSON.stringify(value)}\``);
    return values.length > 3 ? `one of ${values.join(', ')}` : values.join(' or ');
  }
  if (json.const !== undefined) return `\`${JSON.stringify(json.const)}\``;
  if (Array.isArray(json.type)) return (json.type as readonly string[]).join(' or ');
  const alternatives = json.anyOf ?? json.oneOf;
  if (alternatives !== undefined)
    return [...new Set(alternatives.map((one) => (isNull(one) ? 'null' : formOf(asJson(one), object))))].join(
      ' or ',
    );
  switch (json.type) {
    case 'string': {
      const form = json.pattern === undefined ? '' : `of the form \`${json.pattern}\``;
      const length = bounds(json.minLength, json.maxLength);
      return joined(['string', length === '' ? '' : `${length} characters`, form]);
    }
    case 'integer':
    case 'number': {
      const above = typeof json.exclusiveMinimum === 'number' ? `above ${number(json.exclusiveMinimum)}` : '';
      return joined([json.type, above, bounds(json.minimum, json.maximum)]);
    }
    case 'array': {
      const length = bounds(json.minItems, json.maxItems);
      return `array${length === '' ? '' : ` (${length})`} of ${formOf(asJson(json.items as Json), object)}`;
    }
    case 'object':
      return json.properties === undefined
        ? `object of ${formOf(asJson(json.additionalProperties), object)} by name`
        : object;
    default:
      return json.type ?? 'any JSON';
  }
}

/** The form of a schema, with a link where its fields are listed elsewhere; and the lines of its fields where not. */
export function formAndFields(
  schema: Described,
  shared: Shared,
  indent = '',
): { form: string; lines: string[] } {
  const { json, declared } = schema;
  const objects = objectsOf(json);
  const source = declared === null ? null : schemaOf(declared);
  if (objects.length > 0 && source !== null && source.name !== '') {
    const [only = json] = objects.length === 1 ? objects : [json];
    if (shared(source.name, { json: only, declared: source })) {
      const title = titleOf(source.name);
      return { form: formOf(json, `[${title}](#${title.toLowerCase()})`), lines: [] };
    }
  }
  const form = formOf(json, 'object');
  if (objects.length === 1 && objects[0] !== undefined) {
    const known = declared === null ? new Map<string, Declared>() : fieldsOf(declared.expression);
    return { form, lines: linesOf(objects[0], known, shared, indent) };
  }
  const alternatives = declared === null ? [] : alternativesOf(declared.expression);
  const lines = objects.flatMap((one, index) => {
    const own = alternatives[index];
    const known = own === undefined ? new Map<string, Declared>() : fieldsOf(own);
    return [`${indent}- ${index === 0 ? 'either' : 'or'}`, ...linesOf(one, known, shared, `${indent}  `)];
  });
  return { form, lines };
}

function linesOf(
  { properties = {}, required = [] }: Json,
  known: ReadonlyMap<string, Declared>,
  shared: Shared,
  indent: string,
): string[] {
  return Object.entries(properties).flatMap(([name, property]) => {
    const json = asJson(property);
    const declared = known.get(name) ?? null;
    const { form, lines } = formAndFields({ json, declared }, shared, `${indent}  `);
    const absent =
      json.default !== undefined
        ? `default \`${JSON.stringify(json.default)}\``
        : required.includes(name)
          ? ''
          : 'optional';
    const said = declared === null ? '' : saidOf(declared);
    return [`${indent}- \`${name}\` (${joined([form, absent])})${after(said, indent)}`, ...lines];
  });
}

/** A comment behind what it is on; a list in it stands under that. */
export function after(text: string, indent: string): string {
  if (text === '') return '';
  const own = text.replaceAll('\n', `\n${indent}  `);
  return text.startsWith('- ') ? `:\n${indent}  ${own}` : `: ${own}`;
}
