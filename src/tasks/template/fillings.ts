/**
 * The fillings of a pattern: which fillers its slots can take together, how likely each is, and how many there are.
 *
 * What a text rests on are variables: each list of fillers that the pattern uses, and each choice of a `one-of` slot.
 * Constraints tie some of them together; variables that are tied are listed in full, the others are independent, so
 * that a pattern of many slots has a number of fillings and a probability for each without all of them being listed.
 * @module
 */
import { InputError } from '../../input-error.js';
import { type Random } from '../../random.js';
import { holds, presenceOf } from './operands.js';
import {
  type AttributeValue,
  type Filler,
  type Operand,
  type Pattern,
  type Slot,
  type Template,
  slotsOfParts,
  sourcesOf,
} from './template.js';

/** Most combinations of variables that constraints tie together. */
const mostTied = 2 ** 22;

/** Something that is chosen in a filling. */
export interface Variable {
  /** The slot it belongs to. */
  readonly slot: string;
  /** How many values it has: fillers, or the slots of a `one-of`. */
  readonly size: number;
}

/** Values of a pattern's variables, in their order. */
export type Values = readonly number[];

/** The values with one of them set. */
export const withValue = (values: Values, variable: number, value: number): number[] =>
  values.map((own, at) => (at === variable ? value : own));

/** A set of fillings, by number. */
export interface Fillings {
  readonly size: number;
  at(index: number): number[];
}

/** What the slots of a pattern can hold. */
export interface PatternFillings extends Fillings {
  readonly pattern: Pattern;
  readonly variables: readonly Variable[];
  /** The filler in a slot; null while a value that it rests on is not known (−1). */
  filler(slot: string, values: Values): Filler | null;
  /** The slot whose own list gives a slot's filler; null as above. */
  root(slot: string, values: Values): string | null;
  /** The slot that an `either` slot is in this pattern, null where it is none; any other slot itself. */
  meant(slot: string): string | null;
  /** The variable that a slot's filler waits for; null where the filler is known. */
  open(slot: string, values: Values): number | null;
  /** Whether constraints hold; those that rest on values not known yet do. */
  allowed(values: Values): boolean;
  draw(random: Random): number[];
  /** Natural logarithm of the probability of a filling, given the pattern; −∞ for one that is not allowed. */
  logProbability(values: Values): number;
  /** The fillings that agree with some values in every variable but those of the slots named. */
  varying(values: Values, slots: ReadonlySet<string>): SomeFillings;
}

/** Some of the fillings of a pattern. */
export interface SomeFillings extends Fillings {
  /** Their share of the pattern's probability. */
  readonly share: number;
  draw(random: Random): number[];
}

/** Variables that constraints tie together, with their allowed values. */
interface Tied {
  readonly variables: readonly number[];
  /** `[combination · variable]` */
  readonly table: Int32Array;
  /** Running sums of weights. */
  readonly sums: Float64Array;
}

/**
 * The fillings of a pattern.
 * @throws InputError for constraints that nothing satisfies, or that tie together more than can be listed
 */
export function fillingsOf(template: Template, pattern: Pattern): PatternFillings {
  const { slots } = template;
  const slotOf = (name: string): Slot => {
    const slot = slots.get(name);
    if (slot === undefined) throw new RangeError(`no slot ${name}`);
    return slot;
  };
  const used = new Set<string>();
  const use = (name: string): void => {
    if (used.has(name)) return;
    used.add(name);
    for (const source of sourcesOf(slotOf(name))) use(source);
  };
  const shown = [pattern.parts, pattern.answer ?? [], template.contrast?.answer ?? []].flatMap(slotsOfParts);
  for (const slot of shown) use(slot);
  const variables: Variable[] = [...slots].flatMap(([slot, source]) => {
    if (!used.has(slot)) return [];
    if (source.kind === 'fillers') return [{ slot, size: source.fillers.length }];
    return source.kind === 'one-of' ? [{ slot, size: source.slots.length }] : [];
  });
  const number = new Map(variables.map(({ slot }, at) => [slot, at]));
  const valueOf = (slot: string, values: Values): number => values[number.get(slot) ?? -1] ?? -1;
  const meant = (name: string): string | null => {
    const slot = slotOf(name);
    return slot.kind === 'either' ? (slot.slots.find((one) => shown.includes(one)) ?? null) : name;
  };

  function root(asked: string, values: Values): string | null {
    const name = meant(asked);
    if (name === null) return null;
    const slot = slotOf(name);
    switch (slot.kind) {
      case 'either':
        return null;
      case 'fillers':
        return valueOf(name, values) < 0 ? null : name;
      case 'one-of':
        return slot.slots[valueOf(name, values)] ?? null;
      case 'other-of': {
        const taken = root(slot.than, values);
        return taken === null ? null : (slot.slots.find((one) => one !== taken) ?? null);
      }
      case 'attribute':
        return root(slot.slot, values);
    }
  }
  function filler(name: string, values: Values): Filler | null {
    const from = root(name, values);
    if (from === null) return null;
    const [list, own] = [slotOf(from), slotOf(meant(name) ?? name)];
    const found = list.kind === 'fillers' ? list.fillers[valueOf(from, values)] : undefined;
    if (found === undefined) return null;
    if (own.kind !== 'attribute') return found;
    const value = found.attributes.get(own.attribute);
    return value === undefined ? null : { text: String(value), weight: 1, attributes: new Map() };
  }
  function open(name: string, values: Values): number | null {
    const slot = slotOf(name);
    const from = slot.kind === 'attribute' ? slot.slot : root(name, values);
    if (slot.kind === 'other-of' && from === null) return open(slot.than, values);
    const variable = number.get(from ?? name) ?? -1;
    return (values[variable] ?? -1) < 0 ? variable : null;
  }
  const side = (operand: Operand, values: Values): AttributeValue | null | undefined => {
    if (operand.kind === 'value') return operand.value;
    const found = filler(operand.slot, values);
    if (found === null) return undefined;
    return operand.attribute === null ? found.text : (found.attributes.get(operand.attribute) ?? null);
  };
  const slotsIn = (operands: readonly Operand[]): string[] =>
    operands.flatMap((operand) => (operand.kind === 'slot' ? [operand.slot] : []));
  // A constraint on a slot that the pattern does not use says nothing of it.
  const constraints = [
    ...template.constraints.filter(({ left, right }) =>
      slotsIn([left, right]).every((slot) => used.has(meant(slot) ?? '')),
    ),
    ...[...used].flatMap((slot) => presenceOf(slotOf(slot), template.name)),
  ];
  const satisfied = (values: Values, some: typeof constraints): boolean =>
    some.every(({ left, comparison, right }) => {
      const [a, b] = [side(left, values), side(right, values)];
      return a === undefined || b === undefined || holds(a, comparison, b);
    });
  const weight = (variable: number, value: number): number => {
    const slot = slotOf(variables[variable]?.slot ?? '');
    return slot.kind === 'fillers' ? (slot.fillers[value]?.weight ?? 0) : 1;
  };

  const groups = tiedGroups(
    variables.length,
    constraints.map(({ left, right }) => variablesOf(slotsIn([left, right]), slotOf, number)),
  );
  const tied = groups.map((group): Tied => {
    const own = constraints.filter(({ left, right }) =>
      variablesOf(slotsIn([left, right]), slotOf, number).some((variable) => group.includes(variable)),
    );
    const sizes = group.map((variable) => variables[variable]?.size ?? 0);
    const names = group.map((variable) => variables[variable]?.slot ?? '').join(', ');
    const combinations = sizes.reduce((product, size) => product * size, 1);
    if (combinations > mostTied)
      throw new InputError(
        `${own[0]?.where ?? template.name}: The constraints tie ${names} together, which have ${combinations} combinations: ${mostTied} at most can be listed. Give fewer fillers, or constraints between fewer slots.`,
      );
    const rows: number[] = [];
    const sums: number[] = [];
    let sum = 0;
    const values = new Array<number>(variables.length).fill(-1);
    const walk = (depth: number, product: number): void => {
      const variable = group[depth];
      if (variable === undefined) {
        for (const one of group) rows.push(values[one] ?? -1);
        sum += product;
        sums.push(sum);
        return;
      }
      for (let value = 0; value < (sizes[depth] ?? 0); value++) {
        values[variable] = value;
        if (satisfied(values, own)) walk(depth + 1, product * weight(variable, value));
      }
      values[variable] = -1;
    };
    walk(0, 1);
    if (sums.length === 0)
      throw new InputError(
        `${own[0]?.where ?? template.name}: Nothing satisfies the constraints on ${names}: ${own.map(({ text }) => text).join(', ')}.`,
      );
    return { variables: group, table: Int32Array.from(rows), sums: Float64Array.from(sums) };
  });

  const whole = fillingsOfTied(tied, variables.length);
  return {
    pattern,
    variables,
    ...whole,
    filler,
    root,
    meant,
    open,
    allowed: (values) => satisfied(values, constraints),
    logProbability(values) {
      if (!satisfied(values, constraints)) return -Infinity;
      return tied.reduce((sum, { variables: own, sums }) => {
        const product = own.reduce((all, variable) => all * weight(variable, values[variable] ?? -1), 1);
        return sum + Math.log(product / (sums.at(-1) ?? NaN));
      }, 0);
    },
    varying(values, names) {
      const free = new Set(variables.flatMap(({ slot }, at) => (names.has(slot) ? [at] : [])));
      const some = tied.map((one) => agreeing(one, values, free));
      const share = some.reduce(
        (product, { sums }, at) => product * ((sums.at(-1) ?? 0) / (tied[at]?.sums.at(-1) ?? NaN)),
        1,
      );
      return { ...fillingsOfTied(some, variables.length), share };
    },
  };
}

/** Variables that slots rest on. */
function variablesOf(
  names: readonly string[],
  slotOf: (name: string) => Slot,
  number: ReadonlyMap<string, number>,
): number[] {
  return names.flatMap((name) => {
    const own = number.get(name);
    return [...(own === undefined ? [] : [own]), ...variablesOf(sourcesOf(slotOf(name)), slotOf, number)];
  });
}

/** Groups of variables, each with what constraints tie to it, in order. */
function tiedGroups(count: number, links: readonly (readonly number[])[]): number[][] {
  const group = Array.from({ length: count }, (_, at) => at);
  const find = (at: number): number => (group[at] === at ? at : find(group[at] ?? at));
  for (const [first, ...others] of links)
    for (const other of others) if (first !== undefined) group[find(other)] = find(first);
  const groups = new Map<number, number[]>();
  for (let at = 0; at < count; at++) groups.set(find(at), [...(groups.get(find(at)) ?? []), at]);
  return [...groups.values()];
}

/** The combinations that agree with some values in all variables but the free ones. */
function agreeing({ variables, table, sums }: Tied, values: Values, free: ReadonlySet<number>): Tied {
  if (variables.every((variable) => free.has(variable))) return { variables, table, sums };
  const width = variables.length;
  const held = variables.flatMap((variable, column) =>
    free.has(variable) ? [] : [[variable, column] as const],
  );
  const rows: number[] = [];
  const own: number[] = [];
  let sum = 0;
  for (let row = 0; row < sums.length; row++) {
    if (held.some(([variable, column]) => table[row * width + column] !== values[variable])) continue;
    for (let column = 0; column < width; column++) rows.push(table[row * width + column] ?? -1);
    sum += (sums[row] ?? 0) - (row === 0 ? 0 : (sums[row - 1] ?? 0));
    own.push(sum);
  }
  return { variables, table: Int32Array.from(rows), sums: Float64Array.from(own) };
}

function fillingsOfTied(tied: readonly Tied[], count: number): Fillings & { draw(random: Random): number[] } {
  const put = (values: number[], { variables, table }: Tied, row: number): void => {
    variables.forEach(
      (variable, column) => (values[variable] = table[row * variables.length + column] ?? -1),
    );
  };
  return {
    size: tied.reduce((product, { sums }) => product * sums.length, 1),
    at(index) {
      const values = new Array<number>(count).fill(-1);
      let rest = index;
      for (const one of [...tied].reverse()) {
        put(values, one, rest % one.sums.length);
        rest = Math.floor(rest / one.sums.length);
      }
      return values;
    },
    draw(random) {
      const values = new Array<number>(count).fill(-1);
      for (const one of tied) put(values, one, above(one.sums, random.next() * (one.sums.at(-1) ?? 0)));
      return values;
    },
  };
}

/** Index of the first sum above a mark. */
export function above(sums: Float64Array | readonly number[], mark: number): number {
  let [low, high] = [0, sums.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sums[middle] ?? 0) > mark) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * The group that a number falls into where groups are numbered one after another, and its number there.
 * @throws RangeError for a number beyond the last
 */
export function located<G>(
  groups: readonly G[],
  sizeOf: (group: G) => number,
  index: number,
): readonly [group: G, number: number, rest: number] {
  let rest = index;
  for (const [number, group] of groups.entries()) {
    if (rest < sizeOf(group)) return [group, number, rest];
    rest -= sizeOf(group);
  }
  throw new RangeError(`there is no number ${index}`);
}
