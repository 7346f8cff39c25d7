/**
 * What is rare in a template's texts: what fillers bring, not what most texts share. Rounds of sampling that bar what was
 * drawn too often bar rare tokens or symbols alone (METHOD §4).
 * @module
 */
import { type Random, randomFor } from '../../random.js';

/** Texts that are drawn to see how often tokens occur. */
const draws = 1000;
/** What is in fewer of the texts than this share is rare. */
const rareBelow = 0.05;

/**
 * Whether a token, or a symbol, is in fewer than a twentieth of the texts, by 1,000 draws that are always the same. They are
 * drawn at the first question.
 * @param draw the tokens of a text that is drawn
 */
export function rarity(draw: (random: Random) => readonly number[]): (token: number) => boolean {
  let counts: Map<number, number> | null = null;
  const counted = (): Map<number, number> => {
    const found = new Map<number, number>();
    const random = randomFor(0, 'template rarity');
    for (let text = 0; text < draws; text++)
      for (const token of new Set(draw(random))) found.set(token, (found.get(token) ?? 0) + 1);
    return found;
  };
  return (token) => ((counts ??= counted()).get(token) ?? 0) < rareBelow * draws;
}
