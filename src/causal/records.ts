/**
 * Results as plain data: what is printed, saved, drawn and sent. Numbers that do not exist are null.
 * @module
 */
import { InputError } from '../input-error.js';
import { type AblationResult } from './ablation.js';
import { type Estimate } from './estimate.js';
import { type ExtremeShares } from './extremes.js';
import { type MetricName, metrics } from './metric.js';
import { type CumulativeResult, type Order, orders } from './orders.js';
import { type PatchResult, type SetResult, type Target } from './patch.js';
import { type SweepResult } from './sweep.js';

export { modelText } from '../models/hooked-model.js';

/** What a result rests on. */
export interface Circumstances {
  /** The experiment's name, or that of the file that asked. */
  readonly experiment: string;
  readonly task: string;
  /** One line for a heading. */
  readonly about: string;
  /** Decides inputs and contrasts; null where they were given. */
  readonly seed: number | null;
  /** Contrasts of each input. */
  readonly contrasts: number;
  /** Whether the model is known not to have trained on the inputs; else they are those of the task's test split. */
  readonly heldOut: boolean;
  /** Name, hash and weight processing of the model. */
  readonly model: string;
}

/** Figures that every result starts with. */
export interface Baselines extends Circumstances {
  /** Inputs. */
  readonly n: number;
  readonly metric: MetricName;
  readonly unit: string;
  /** The metric in the clean runs. */
  readonly clean: number;
  readonly cleanStandardError: number | null;
  /** The metric in the contrast runs. */
  readonly contrast: number;
  readonly contrastStandardError: number | null;
  readonly warnings: readonly string[];
}

/** One step of one order. Labels are `site@place`; what is added together is joined by ` + `. */
export interface IncrementRecord {
  readonly added: string;
  /** All that is patched now, in the order in which it was added. */
  readonly patched: readonly string[];
  readonly effect: number;
  /** Of the effect. */
  readonly standardError: number | null;
  /** What this step added to the effect. */
  readonly increment: number;
  /** Of the increment, paired by input. */
  readonly incrementStandardError: number | null;
  /** Share of the runs in which the patch changed any logit, 0 … 1. */
  readonly changed: number;
}

/** Cumulative patching in one order. */
export interface OrderRecord extends Baselines {
  readonly order: Order;
  readonly sets: readonly IncrementRecord[];
}

/** Chosen sets. */
export interface SetsRecord extends Baselines {
  readonly sets: readonly Omit<IncrementRecord, 'added' | 'increment' | 'incrementStandardError'>[];
}

/** A sweep; `effects[site][position]`. */
export interface SweepRecord extends Baselines {
  readonly sites: readonly string[];
  readonly positions: readonly string[];
  readonly effects: readonly (readonly number[])[];
  readonly standardErrors: readonly (readonly (number | null)[])[];
  readonly changed: readonly (readonly number[])[];
}

/** A mean ablation. */
export interface AblationRecord extends Circumstances {
  readonly n: number;
  readonly site: string;
  readonly position: string;
  readonly places: readonly {
    readonly place: string;
    readonly kl: number;
    readonly klStandardError: number | null;
    /** Loss of the clean run's largest logit. */
    readonly logitLoss: number;
    readonly logitLossStandardError: number | null;
    /** The same as a share of that logit. */
    readonly relativeLogitLoss: number;
    readonly relativeLogitLossStandardError: number | null;
  }[];
}

const errorOf = ({ standardError }: Estimate): number | null =>
  Number.isFinite(standardError) ? standardError : null;

function baselines(circumstances: Circumstances, result: Omit<PatchResult, 'sets'>): Baselines {
  const { n, metric, clean, contrast, warnings } = result;
  return {
    ...circumstances,
    n,
    metric: metric.name,
    unit: metric.unit,
    clean: clean.mean,
    cleanStandardError: errorOf(clean),
    contrast: contrast.mean,
    contrastStandardError: errorOf(contrast),
    warnings,
  };
}

/** Both orders, forward first. */
export function orderRecords(circumstances: Circumstances, result: CumulativeResult): OrderRecord[] {
  return orders.map((order) => ({
    ...baselines(circumstances, result),
    order,
    sets: result.orders[order].map(({ step, patched, effect, increment, changed }) => ({
      added: step.label,
      patched: patched.map(({ label }) => label),
      effect: effect.mean,
      standardError: errorOf(effect),
      increment: increment.mean,
      incrementStandardError: errorOf(increment),
      changed,
    })),
  }));
}

/** Chosen sets, as asked. */
export function setsRecord(
  circumstances: Circumstances,
  result: PatchResult,
  targets: readonly Target[],
): SetsRecord {
  return {
    ...baselines(circumstances, result),
    sets: result.sets.map((set: SetResult) => ({
      patched: set.targets.map((index) => targets[index]?.label ?? ''),
      effect: set.effect.mean,
      standardError: errorOf(set.effect),
      changed: set.changed,
    })),
  };
}

/** A sweep's map. */
export function sweepRecord(circumstances: Circumstances, result: SweepResult): SweepRecord {
  const { sites, positions, cells } = result;
  const rows = sites.map((_, row) => cells.slice(row * positions.length, (row + 1) * positions.length));
  return {
    ...baselines(circumstances, result),
    sites,
    positions,
    effects: rows.map((row) => row.map(({ effect }) => effect.mean)),
    standardErrors: rows.map((row) => row.map(({ effect }) => errorOf(effect))),
    changed: rows.map((row) => row.map(({ changed }) => changed)),
  };
}

/**
 * The effect that exchanging everything would have: the contrast run's own figure against the clean run's. What effects
 * are divided by to be shares of it; null where the two are the same.
 */
export function wholeEffect({ metric, clean, contrast }: Baselines): number | null {
  const whole = metrics[metric].effect(clean, contrast);
  return whole === 0 || !Number.isFinite(whole) ? null : whole;
}

/**
 * A sweep in shares of the whole effect: 0 as the clean run, 1 as the contrast run.
 * @throws InputError where clean and contrast run give the same figure
 */
export function normalizedSweep(record: SweepRecord): SweepRecord {
  const whole = wholeEffect(record);
  if (whole === null) {
    throw new InputError('Clean and contrast run give the same figure: there is nothing to take shares of.');
  }
  return {
    ...record,
    unit: 'shares of the way from the clean to the contrast run',
    effects: record.effects.map((row) => row.map((effect) => effect / whole)),
    standardErrors: record.standardErrors.map((row) =>
      row.map((error) => (error === null ? null : error / Math.abs(whole))),
    ),
  };
}

/** A mean ablation. */
export function ablationRecord(
  circumstances: Circumstances,
  result: AblationResult,
  site: string,
  position: string,
): AblationRecord {
  return {
    ...circumstances,
    n: result.n,
    site,
    position,
    places: result.reads.map(({ place, kl, logitLoss, relativeLogitLoss }) => ({
      place,
      kl: kl.mean,
      klStandardError: errorOf(kl),
      logitLoss: logitLoss.mean,
      logitLossStandardError: errorOf(logitLoss),
      relativeLogitLoss: relativeLogitLoss.mean,
      relativeLogitLossStandardError: errorOf(relativeLogitLoss),
    })),
  };
}

/** What sites add to a logit, or to a difference of two; `sites` in the order of a run. */
export interface AttributionRecord {
  readonly task: string;
  /** One line for a heading. */
  readonly about: string;
  readonly model: string;
  readonly seed: number | null;
  /** Whether the model is known not to have trained on the inputs; else they are those of the task's test split. */
  readonly heldOut: boolean;
  readonly n: number;
  /** Place whose prediction is taken apart. */
  readonly place: string;
  /** What all of the logit, or of the difference, comes to. */
  readonly total: number;
  readonly totalStandardError: number | null;
  readonly sites: readonly {
    readonly site: string;
    readonly value: number;
    readonly standardError: number | null;
    /** Of a single input: the tokens that the site raises and lowers most. */
    readonly raised?: readonly { readonly token: string; readonly value: number }[];
    readonly lowered?: readonly { readonly token: string; readonly value: number }[];
    /** Over many inputs, where it was asked for: how often the answer is among the tokens raised and lowered most. */
    readonly shares?: ExtremeShares;
    /** The same of the token that the answer is held against, and of any answer that the task's texts can have. */
    readonly againstShares?: ExtremeShares;
    readonly anyShares?: ExtremeShares;
  }[];
  /** What `shares` are of. */
  readonly among?: {
    /** Tokens that count as raised most, of so many. */
    readonly count: number;
    readonly vocabulary: number;
    /** Tokens that the answer is held against for being first: those that answer any of the inputs; 0 where it is not. */
    readonly rivals: number;
    /** Tokens that `anyShares` are of. */
    readonly answers?: number;
  };
  /** What the sites leave: biases, and the parts that were not asked for. */
  readonly rest: number;
}

/** Sites that a table or figure of an attribution has room for. */
const mostShown = 40;

/**
 * The sites of an attribution that are shown: all, or of very many those that add most either way, in the order of a run,
 * with what the others come to.
 */
export function shownSites({ sites }: Pick<AttributionRecord, 'sites'>): {
  readonly sites: AttributionRecord['sites'];
  readonly others: { readonly count: number; readonly value: number } | null;
} {
  if (sites.length <= mostShown) return { sites, others: null };
  const size = (at: number): number => Math.abs(sites[at]?.value ?? 0);
  const order = sites.map((_, at) => at).sort((a, b) => size(b) - size(a));
  const left = order.slice(mostShown);
  const value = left.reduce((sum, at) => sum + (sites[at]?.value ?? 0), 0);
  return { sites: sites.filter((_, at) => !left.includes(at)), others: { count: left.length, value } };
}
