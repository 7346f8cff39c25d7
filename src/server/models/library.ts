/**
 * Cases of the shipped models, of those in folders, and of template tasks with any language model that is on this machine.
 * @module
 */
import { type HubSettings, hubSettings } from '../../jobs/hub/settings.js';
import { openTemplate } from '../../jobs/templates.js';
import { shippedModel } from '../../jobs/shipped.js';
import { taskNamed, taskNames, tasks } from '../../studies/index.js';
import { type Library } from '../../workbench/open-cases.js';
import { type CaseParts, partsOf } from './case-id.js';
import { type Folders, findDirectories } from './directories.js';
import { loadStudyCase, studyStamp } from './study-cases.js';
import { loadTemplateCase, templateCaseStamp } from './template-cases.js';
import { type OfferedTemplate, offeredTemplates, templateNamed } from './template-shelf.js';

/** What a library is made of besides folders. */
export interface LibraryOptions {
  /** Files of template tasks beside the shipped ones. */
  readonly templates?: readonly string[];
  /** Where models of the hub lie; nothing is fetched. By the environment unless given. */
  readonly hub?: HubSettings;
}

/** Makes the library of some folders. */
export function folderLibrary(
  folders: Folders,
  { templates = [], hub = hubSettings() }: LibraryOptions = {},
): Library {
  /** The template of a case; null for a study. @throws InputError for an unknown task */
  async function templateOf({ task }: CaseParts): Promise<OfferedTemplate | null> {
    if (taskNames.includes(task)) return null;
    const found = await templateNamed(templates, task);
    // What is neither is an unknown task: the registry says which there are.
    if (found === null) taskNamed(task);
    return found;
  }
  return {
    async shipped() {
      const offered = await offeredTemplates(templates, true);
      const withModel: string[] = [];
      for (const { name } of offered) if ((await shippedModel(name)) !== null) withModel.push(name);
      return [...tasks.map(({ name }) => name), ...withModel];
    },
    directories: () => findDirectories(folders),
    async templates() {
      const described = (await offeredTemplates(templates, true)).map(async ({ name, source }) => ({
        task: name,
        about: (await openTemplate(source)).about,
        shipped: (await shippedModel(name)) !== null,
      }));
      return Promise.all(described);
    },
    async stamp(id) {
      const parts = partsOf(id);
      const template = await templateOf(parts);
      return template === null
        ? studyStamp(folders, parts)
        : templateCaseStamp(folders, hub, parts, template);
    },
    async load(id) {
      const parts = partsOf(id);
      const template = await templateOf(parts);
      return template === null
        ? loadStudyCase(folders, id, parts)
        : loadTemplateCase(folders, hub, templates, id, parts, template);
    },
    taskOf(id) {
      const { task } = partsOf(id);
      return taskNames.includes(task) ? taskNamed(task) : null;
    },
  };
}
