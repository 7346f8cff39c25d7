/**
 * Docstrings of schemas: zod knows the form of a field, and its comment stands in the source alone. The source is read as
 * it is written, without types: constants, imports by name, spreads, and calls of zod are followed.
 * @module
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';

/** An expression of the source, and what is said of it there. */
export interface Declared {
  readonly expression: ts.Expression;
  readonly doc: string;
}

const sources = new Map<string, ts.SourceFile>();

function sourceAt(path: string): ts.SourceFile {
  const known = sources.get(path);
  if (known !== undefined) return known;
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2023, true);
  sources.set(path, source);
  return source;
}

/** A comment's text, a line for each paragraph and list item; links become code. */
function docOf(node: ts.Node): string {
  const [comment] = ts
    .getJSDocCommentsAndTags(node)
    .filter(ts.isJSDoc)
    .map((doc) => ts.getTextOfJSDocComment(doc.comment) ?? '');
  return plain(comment ?? '');
}

const plain = (text: string): string =>
  text
    .trim()
    .replaceAll(/\{@link ([^}]+)\}/g, '`$1`')
    .split(/\n(?=- )|\n\n/)
    .map((part) => part.trim().replaceAll(/\s*\n\s*/g, ' '))
    .join('\n');

/** What a file's `@module` comment says. */
export function moduleDoc(path: string): string {
  const text = /^\/\*\*\n(.*?)\n \* @module/s.exec(readFileSync(path, 'utf8'))?.[1] ?? '';
  return plain(text.replaceAll(/^ \* ?/gm, ''));
}

/** A constant of a file, or one that it imports by name. */
export function constant(name: string, path: string): Declared | null {
  for (const statement of sourceAt(path).statements) {
    if (ts.isVariableStatement(statement)) {
      const [one] = statement.declarationList.declarations.filter(
        (declaration) => ts.isIdentifier(declaration.name) && declaration.name.text === name,
      );
      if (one?.initializer !== undefined) return { expression: one.initializer, doc: docOf(statement) };
    }
    if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) continue;
    const bindings = statement.importClause?.namedBindings;
    if (bindings === undefined || !ts.isNamedImports(bindings)) continue;
    const [found] = bindings.elements.filter((element) => element.name.text === name);
    const from = join(dirname(path), statement.moduleSpecifier.text.replace(/\.js$/, '.ts'));
    if (found !== undefined && existsSync(from))
      return constant((found.propertyName ?? found.name).text, from);
  }
  return null;
}

/** Calls that make a schema of another one with the same fields: the expression that has them. */
function inner(call: ts.CallExpression): ts.Expression | undefined {
  const { expression: callee, arguments: given } = call;
  if (!ts.isPropertyAccessExpression(callee)) return given[0];
  if (callee.expression.getText() !== 'z') return callee.expression;
  return ['record', 'discriminatedUnion'].includes(callee.name.text) ? given[1] : given[0];
}

const bare = (expression: ts.Expression): ts.Expression =>
  ts.isParenthesizedExpression(expression) ||
  ts.isSatisfiesExpression(expression) ||
  ts.isAsExpression(expression)
    ? bare(expression.expression)
    : expression;

/** The constant that an expression names. */
const named = (expression: ts.Identifier): Declared | null =>
  constant(expression.text, expression.getSourceFile().fileName);

/** Fields of an object, of a schema of one, or of what is made of such a schema, by name. */
export function fieldsOf(expression: ts.Expression): ReadonlyMap<string, Declared> {
  const own = bare(expression);
  if (ts.isIdentifier(own)) {
    const found = named(own);
    return found === null ? new Map() : fieldsOf(found.expression);
  }
  if (ts.isPropertyAccessExpression(own)) {
    const field = fieldsOf(own.expression).get(own.name.text);
    return field === undefined ? new Map() : fieldsOf(field.expression);
  }
  if (ts.isArrayLiteralExpression(own)) return new Map(own.elements.flatMap((one) => [...fieldsOf(one)]));
  if (ts.isObjectLiteralExpression(own)) return new Map(own.properties.flatMap(propertyOf));
  if (!ts.isCallExpression(own)) return new Map();
  const extended = ts.isPropertyAccessExpression(own.expression) && own.expression.name.text === 'extend';
  const from = inner(own);
  return new Map([
    ...(from === undefined ? [] : fieldsOf(from)),
    ...(extended && own.arguments[0] !== undefined ? fieldsOf(own.arguments[0]) : []),
  ]);
}

function propertyOf(property: ts.ObjectLiteralElementLike): [string, Declared][] {
  if (ts.isSpreadAssignment(property)) return [...fieldsOf(property.expression)];
  const name = property.name.getText();
  if (ts.isPropertyAssignment(property))
    return [[name, { expression: property.initializer, doc: docOf(property) }]];
  return ts.isShorthandPropertyAssignment(property)
    ? [[name, { expression: property.name, doc: docOf(property) }]]
    : [];
}

/** The alternatives that a schema is made of where it is a union, else the schema. */
export function alternativesOf(expression: ts.Expression): readonly ts.Expression[] {
  const own = bare(expression);
  if (ts.isArrayLiteralExpression(own)) return own.elements;
  if (ts.isIdentifier(own)) {
    const found = named(own);
    return found === null ? [own] : alternativesOf(found.expression);
  }
  const from = ts.isCallExpression(own) ? inner(own) : undefined;
  return from === undefined || ts.isObjectLiteralExpression(from) ? [own] : alternativesOf(from);
}

/** The constant or field whose schema an expression takes over, as it is, as a list, or with a bound or a default. */
export function schemaOf({ expression }: Declared): (Declared & { readonly name: string }) | null {
  const own = bare(expression);
  if (ts.isIdentifier(own)) {
    const found = named(own);
    return found === null ? null : { ...found, name: own.text };
  }
  if (ts.isPropertyAccessExpression(own)) {
    const field = fieldsOf(own.expression).get(own.name.text);
    return field === undefined ? null : { ...field, name: '' };
  }
  if (!ts.isCallExpression(own)) return null;
  if (ts.isPropertyAccessExpression(own.expression) && own.expression.name.text === 'extend') return null;
  const from = inner(own);
  return from === undefined ? null : schemaOf({ expression: from, doc: '' });
}

/** What is said of a field: by itself, or of the schema that it names; not of mere kinds of numbers and texts. */
export function saidOf(declared: Declared): string {
  if (declared.doc !== '') return declared.doc;
  const schema = schemaOf(declared);
  return schema === null || (schema.name !== '' && !schema.name.endsWith('Schema')) ? '' : schema.doc;
}
