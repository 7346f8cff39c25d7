/**
 * `inversionview profile`: how activations change with a feature, and where heads look, over many inputs.
 * @module
 */
import { type Command } from 'commander';
import { InputError } from '../input-error.js';
import { attentionOf } from '../interpret/attention.js';
import { conditionOf } from '../interpret/condition.js';
import { profileOf } from '../interpret/profile.js';
import { headSite, shortName, vectorSites } from '../models/hooks.js';
import { modelText } from '../models/hooked-model.js';
import { attentionFigure } from '../report/plots/attention.js';
import { profileFigure } from '../report/plots/profile.js';
import { attentionRows, profileRows, renderAttention, renderProfile } from '../report/profile.js';
import { type FigureOptions, drawn, withFigure } from './figure-options.js';
import { knownFeatures, oneFeature } from './interpreting.js';
import {
  type ModelOptions,
  printJson,
  runtimeFor,
  sitesOf,
  whole,
  withModelOptions,
  openedTask,
} from './options.js';
import { styleFor } from './terminal.js';

interface ProfileOptions extends ModelOptions, FigureOptions {
  readonly sites?: string;
  readonly positions?: string;
  readonly by?: string;
  readonly only?: string;
  readonly features?: string;
  readonly inputs: number;
  readonly seed: number;
  readonly json?: true;
}

/** Adds the command. */
export function profileCommand(program: Command): void {
  withFigure(withModelOptions(program.command('profile')))
    .option('-s, --sites <names>', 'one site with --by, else comma-separated heads (default: all heads)')
    .option('-p, --positions <places>', 'one place with --by, else comma-separated places')
    .option('-b, --by <feature>', 'a feature, or an .mjs file that exports one; without it, where heads look')
    .option('--only <condition>', 'only inputs with a value of a feature: A1=1, A1!=1, several with commas')
    .option(
      '-f, --features <files>',
      'comma-separated .mjs files with more features that --by and --only can name',
    )
    .option('-n, --inputs <n>', 'inputs of the test split', whole(10, 100_000), 2000)
    .option('--seed <n>', 'decides which', whole(0), 1)
    .option('--json', 'print the data')
    .addHelpText(
      'after',
      `
Examples:
  inversionview profile --sites a0.0,a1.2 --positions "=,A1,A2" --only A1!=1
  inversionview profile --task counting --sites a0.0 --positions query --by count --svg count.svg
  inversionview profile --sites a0.0 --positions "=" --by mine.mjs

With --by: of each value of the feature the norm of the activations (mean and standard deviation), the cosine of
their mean and the first value's, and, of a head, its mean attention. Without: mean attention of heads from places to
places. Tokens without a name of their own count together: "as query" are those that equal the one at query.`,
    )
    .action(async (options: ProfileOptions) => {
      const { task, model: readModel } = await openedTask(options);
      const places = options.positions?.split(',').map((place) => place.trim()) ?? [];
      const [place] = places;
      if (place === undefined)
        throw new InputError('Which place? Give --positions, as in --positions "=,A1".');
      const added = await knownFeatures(task, options.features);
      const { feature, known } =
        options.by === undefined
          ? { feature: undefined, known: added }
          : await oneFeature(task, options.by, added);
      const only = options.only === undefined ? null : conditionOf(task, options.only, known);
      if (feature !== undefined && (places.length > 1 || options.sites?.includes(',') !== false)) {
        throw new InputError('With --by, a profile is of one site at one place: give one of each.');
      }
      const model = await readModel();
      const { layers, heads } = model.architecture;
      const { inputs, seed } = options;
      const asked = { inputs, seed, only, model: modelText(model) };
      const { width } = styleFor(process.stdout, process.env);
      if (feature !== undefined) {
        const [site = ''] = sitesOf(options.sites, vectorSites(model.architecture));
        const record = await profileOf(runtimeFor(options), model, task, { ...asked, site, place, feature });
        await drawn(options, (theme) => profileFigure(record, theme), record, profileRows(record));
        if (options.json === true) printJson(record);
        else process.stdout.write(`${renderProfile(record, { width })}\n`);
        return;
      }
      const all = Array.from({ length: layers * heads }, (_, at) =>
        headSite(Math.floor(at / heads), at % heads),
      );
      const sites = options.sites === undefined ? all : headsOf(options.sites, all);
      const record = await attentionOf(runtimeFor(options), model, task, { ...asked, sites, places });
      await drawn(options, (theme) => attentionFigure([record], theme), record, attentionRows(record));
      if (options.json === true) printJson(record);
      else process.stdout.write(`${renderAttention(record, { width })}\n`);
    });
}

/** Heads of a list. @throws InputError for a site that looks nowhere */
function headsOf(list: string, heads: readonly string[]): readonly string[] {
  try {
    return sitesOf(list, heads);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(
      `${error.message} Only heads look somewhere (${heads.map(shortName).join(', ')}); of other sites give --by.`,
    );
  }
}
