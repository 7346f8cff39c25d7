/**
 * Counting as the published web app shows it.
 * @module
 */
import { type ViewerTask } from '../../report/streamlit.js';

export const countingViewer: ViewerTask = {
  task: 'counting',
  generation: 'training_outputs/cached_counting_generation',
  attention: 'webAPP/cached_counting_attention',
  labels: ['|', 'query', ':'],
  positions(tokens) {
    const [bar, colon] = [tokens.indexOf('|'), tokens.indexOf(':')];
    return [bar, bar >= 0 ? bar + 1 : -1, colon];
  },
  signs: ['|', ':'],
  fewest: 4,
};
