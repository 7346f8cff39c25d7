/**
 * A reading as one page that stands alone: no script runs in it and it asks the network for nothing, which its own
 * content security policy enforces. The data lies inside as JSON, so that a page that was passed on is still data.
 * @module
 */
import { type OwnSample, type Reading, type Sample } from '../inversion/reading.js';
import { epsilonOrigin } from './epsilons.js';
import { escapeHtml, scriptJson } from './escape.js';
import { deltaClass, pageStyle } from './page-style.js';
import { deltaLevel, deltaSteps } from './palette.js';
import { controlsCard, usedCard } from './used-html.js';
import {
  alsoAtDistance,
  alsoAtText,
  barShare,
  counted,
  distanceText,
  judgedAtPlace,
  likelihoodText,
  metricNames,
  notJudged,
  ownText,
  percent,
  plainNumber,
  positionText,
  readoutLines,
  sides,
  subject,
  temperatureText,
} from './wording.js';

/** Id of the element that holds the reading: `JSON.parse(document.getElementById('reading').textContent)`. */
export const readingElement = 'reading';

/**
 * Renders a reading as an HTML document.
 * @example await writeFile('reading.html', renderHtml(reading))
 */
export function renderHtml(reading: Reading): string {
  const title = `${subject(reading)} of ${reading.query.input}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'">
<link rel="icon" href="data:,">
<title>${escapeHtml(title)} – InversionView</title>
<style>
${pageStyle}
</style>
</head>
<body>
<main>
<header>
<h1>${escapeHtml(subject(reading))} <small>in ${escapeHtml(reading.query.input)}</small></h1>
<p class="soft"><code>${escapeHtml(reading.query.site)}</code> · ${escapeHtml(reading.task)}</p>
</header>
${reading.warnings.map((warning) => `<p class="card heed" role="note"><strong>Warning.</strong> ${escapeHtml(warning)}</p>`).join('\n')}
${queryCard(reading)}
${figuresCard(reading)}
${samplesCard(reading)}
${readoutCard(reading)}
${usedCard(reading.used)}
${controlsCard(reading.controls, reading.epsilon)}
${provenance(reading)}
</main>
<script type="application/json" id="${readingElement}">${scriptJson(reading)}</script>
</body>
</html>
`;
}

/** Tokens that say nothing by themselves, a space or none, are shown by a sign. */
const visible = (token: string): string => {
  if (token === '') return '∅';
  return escapeHtml(token.replace(/\n/g, '↵').replace(/\t/g, '⇥')).replace(/^ +$/, (all) =>
    '␣'.repeat(all.length),
  );
};

function queryCard({ query, attention }: Reading): string {
  const tokens = query.tokens.map((token, at) => {
    const here = at === query.position;
    const weight = attention?.[at] ?? 0;
    const tip = attention === null ? `position ${at}` : `position ${at}, attention ${weight.toFixed(3)}`;
    const height = Math.min(1, Math.max(0, weight)) * 3;
    const bar = attention === null ? '' : `<i style="height:${height.toFixed(2)}rem"></i>`;
    const named = here && query.place !== null && query.place !== token;
    const label = named ? escapeHtml(query.place ?? '') : String(at);
    const mark = here ? ' class="here" aria-current="true"' : '';
    return `<span${mark} title="${tip}">${bar}<b>${visible(token)}</b><small>${label}</small></span>`;
  });
  const heading = attention === null ? 'Query' : 'Query, and the head’s attention at the marked position';
  const label = escapeHtml(`Query ${query.input}, read at ${positionText({ query })}`);
  const row = `<div class="query${attention === null ? '' : ' attended'}" role="group" aria-label="${label}">${tokens.join('')}</div>`;
  return `<section class="card"><h2>${heading}</h2>${row}${attentionText(query.tokens, attention)}</section>`;
}

/** The largest weights in words: bars are for the eye alone. */
function attentionText(tokens: readonly string[], attention: readonly number[] | null): string {
  if (attention === null) return '';
  const largest = attention
    .map((weight, at) => ({ weight, at, token: tokens[at] ?? '' }))
    .filter(({ weight }) => weight >= 0.05)
    .sort((a, b) => b.weight - a.weight)
    .slice(0, 4)
    .map(({ weight, at, token }) => `<code>${visible(token)}</code> (${at}) ${weight.toFixed(2)}`);
  return largest.length === 0 ? '' : `<p class="soft">Attends most to ${largest.join(', ')}.</p>`;
}

function figuresCard(reading: Reading): string {
  const { inside, candidates, distinct, invalid, epsilon, epsilonFrom, metric } = reading;
  const share = percent(inside, candidates);
  const figure = (value: string, name: string): string => `<div><dt>${name}</dt><dd>${value}</dd></div>`;
  return `<section class="card"><h2>Candidates</h2>
<div class="meter" role="img" aria-label="${share} of the candidates inside"><i style="width:${share}"></i></div>
<dl class="figures">
${figure(`${inside} <small>of ${candidates} (${share})</small>`, `inside ε = ${plainNumber(epsilon)}${epsilonOrigin(epsilonFrom)}, ${metricNames[metric]}`)}
${figure(String(distinct), 'distinct')}
${figure(String(invalid), 'not among the task’s inputs')}
</dl>${reading.alsoAt === undefined ? '' : `<p class="soft note">${escapeHtml(alsoAtText(reading))}</p>`}</section>`;
}

function samplesCard(reading: Reading): string {
  const { inside, outside } = sides(reading.samples);
  const single = reading.samples.every((sample) => sample.tokens.every((token) => [...token].length <= 1));
  const row = (sample: Sample): string => sampleRow(sample, reading, single);
  const also =
    reading.alsoAt === undefined
      ? ''
      : `<th scope="col" class="num">at ${escapeHtml(reading.alsoAt.place)}</th>`;
  const ruleText = `ε = ${plainNumber(reading.epsilon)} · ${inside.length} inside above, ${outside.length} outside below`;
  return `<section class="card">${legend(reading.samples)}
<table>
<caption>${counted(reading.samples.length, 'sample')} shown, by distance; hover a token for the distance at its position</caption>
<thead><tr><th scope="col" class="num">Distance</th>${also}<th scope="col" class="bar">0 … ${plainNumber(5 * reading.epsilon)}, dashed: ε</th><th scope="col">Input</th></tr></thead>
<tbody class="in">
${inside.map(row).join('\n')}
</tbody>
<tbody class="out">
<tr class="rule"><th colspan="${also === '' ? 3 : 4}" scope="rowgroup"><span>${ruleText}</span></th></tr>
${outside.map(row).join('\n')}
</tbody>
${ownRows(reading, single)}</table></section>`;
}

/** A person's own inputs, set as the samples are. */
function ownRows(reading: Reading, single: boolean): string {
  const { own = [], alsoAt } = reading;
  if (own.length === 0) return '';
  const heading = `<tr class="rule"><th colspan="${alsoAt === undefined ? 3 : 4}" scope="rowgroup"><span>Your own, counted in no figure</span></th></tr>`;
  const rows = own.map((sample) => sampleRow(sample, reading, single, ownText(sample)));
  return `<tbody class="own">\n${heading}\n${rows.join('\n')}\n</tbody>\n`;
}

/** @param words what is said behind the tokens */
function sampleRow(
  sample: Sample | OwnSample,
  { epsilon, alsoAt }: Reading,
  single: boolean,
  words = '',
): string {
  const width = (100 * barShare(sample.distance, epsilon)).toFixed(1);
  const tokens = sample.tokens.map((token, at) => {
    const delta = sample.tokenDelta[at] ?? null;
    const colour = delta === null ? 'n' : deltaClass(deltaLevel(delta));
    const classes = [colour, at === sample.matchedPosition ? 'm' : ''].filter(Boolean);
    const away = sample.distances[at];
    const place = away === undefined ? 'not compared' : `distance ${escapeHtml(distanceText(away))}`;
    const likelihood = likelihoodText(delta, sample.follows?.includes(at) === true);
    const tip = `position ${at}: ${place}, ${likelihood}`;
    const mark = classes.length === 0 ? '' : ` class="${classes.join(' ')}"`;
    return `<span${mark} data-tip="${tip}">${visible(token)}</span>`;
  });
  const flag = sample.valid ? '' : '<span class="flag">! not an input</span>';
  const said = words === '' ? '' : `<p class="soft said">${escapeHtml(words)}</p>`;
  const warm = 'temperature' in sample ? temperatureText(sample.temperature) : '';
  const title = warm === '' ? '' : ` title="drawn at temperature ${escapeHtml(warm.slice(2))}"`;
  const there = alsoAt === undefined ? '' : `<td class="num">${escapeHtml(alsoAtDistance(sample))}</td>`;
  const cells = `<td class="tokens${single ? '' : ' text'}">${tokens.join('')}${flag}${said}</td>`;
  return `<tr><td class="num"${title}>${escapeHtml(distanceText(sample.distance))}</td>${there}<td class="bar"><span class="track"><i style="width:${width}%"></i></span></td>${cells}</tr>`;
}

function legend(samples: readonly Sample[]): string {
  const follow = samples.some(({ follows = [] }) => follows.length > 0);
  const steps = Array.from({ length: 2 * deltaSteps + 1 }, (_, at) => at - deltaSteps);
  const scale = steps.map((level) => `<i class="${deltaClass(level)}"></i>`).join('');
  return `<div class="legend">
<span>Knowing the activation lowers <span class="scale" role="img" aria-label="from red-orange, lowered by 1, to blue, raised by 1">${scale}</span> raises a token’s probability</span>
<span><span class="tokens"><span class="n">+</span></span> ${notJudged}</span>
<span><span class="tokens"><span class="m">=</span></span> matched position: the nearest of the sample</span>
</div>${follow ? `<p class="soft note">${judgedAtPlace}</p>` : ''}`;
}

function readoutCard({ readout }: Reading): string {
  if (readout === undefined) return '';
  const lines = readoutLines(readout).map((line) => `<p>${escapeHtml(line)}</p>`);
  return `<section class="card"><h2>What it tells</h2>${lines.join('')}</section>`;
}

function provenance(reading: Reading): string {
  const entries: [string, string][] = [
    ['Model', reading.model],
    ['Decoder', reading.decoder],
    ['Task', reading.task],
    ['Query', reading.query.input],
    ['Position', positionText(reading)],
    ['Seed', String(reading.seed)],
    ['Candidates', `${reading.candidates}, each run through the model; the distances are the model’s own`],
  ];
  const rows = entries.map(([name, value]) => `<dt>${name}</dt><dd>${escapeHtml(value)}</dd>`).join('\n');
  return `<footer class="card"><h2>Provenance</h2><dl>
${rows}
</dl><p class="soft">The reading lies in this page as JSON, in the element <code>#${readingElement}</code>.</p></footer>`;
}
