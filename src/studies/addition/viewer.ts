/**
 * Addition as the published web app shows it.
 * @module
 */
import { type ViewerTask } from '../../report/streamlit.js';

export const additionViewer: ViewerTask = {
  task: 'addition',
  generation: 'training_outputs/cached_addition_generation',
  attention: 'webAPP/cached_attention',
  labels: ['+', '=', 'A1', 'A2', 'A3'],
  positions(tokens) {
    const [plus, equals] = [tokens.indexOf('+'), tokens.indexOf('=')];
    const answer = [1, 2, 3].map((place) =>
      equals >= 0 && equals + place < tokens.length ? equals + place : -1,
    );
    return [plus, equals, ...answer];
  },
  signs: ['+', '='],
  fewest: 1,
};
