import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyReading, countingReading, exampleReading, withAll } from '../../test/fixtures/readings.js';
import { escapeHtml, scriptJson } from './escape.js';
import { renderHtml } from './html.js';

const elements = new Set(
  'html head meta link title style body main header h1 h2 p small code strong section div span i b dl dt dd table caption thead tbody tr th td footer script'.split(
    ' ',
  ),
);
const attributes = new Set(
  'lang charset name content http-equiv rel href class role aria-label aria-current title style scope colspan data-tip type id'.split(
    ' ',
  ),
);

/** Tags, text and data of a page, taken apart in the strictest way: anything unforeseen fails. */
function takeApart(page: string): { tags: string[]; text: string; data: unknown } {
  const script = /<script type="application\/json" id="reading">([^<>]*)<\/script>/.exec(page);
  const css = /<style>\n([^<]*)\n<\/style>/.exec(page);
  const markup = page
    .replace(css?.[1] ?? '', '')
    .replace(script?.[1] ?? '\0', () => '')
    .replace('<!doctype html>', '');
  const tags = markup.match(/<[^>]*>/g) ?? [];
  const text = markup.replace(/<[^>]*>/g, '');
  return { tags, text, data: JSON.parse(script?.[1] ?? '') };
}

function expectHarmless(page: string): void {
  const { tags, text } = takeApart(page);
  for (const tag of tags) {
    expect(tag).toMatch(/^<(?:\/[a-z0-9]+|[a-z0-9]+(?: [a-z-]+="[^"<>]*")*)>$/);
    expect(elements).toContain(/[a-z0-9]+/.exec(tag)?.[0]);
    for (const [, name] of tag.matchAll(/ ([a-z-]+)="[^"]*"/g)) expect(attributes).toContain(name);
  }
  expect(text).not.toMatch(/[<>"]|&(?!(?:amp|lt|gt|quot|#39);)/);
  expect(tags.filter((tag) => tag.startsWith('<script'))).toHaveLength(1);
  expect(tags.filter((tag) => tag.includes('href=')).join()).toBe('<link rel="icon" href="data:,">');
}

describe('renderHtml', () => {
  const page = renderHtml(exampleReading());

  it('asks the network for nothing and forbids scripts', () => {
    expect(page).not.toMatch(/https?:|url\(|@import|\bsrc=/);
    expect(page).toContain(`default-src 'none'; style-src 'unsafe-inline'`);
  });

  it('holds every sample as a row on its side of the rule', () => {
    const [above = '', below = ''] = page.split('class="rule"');
    expect(above.match(/<tr><td/g)).toHaveLength(70);
    expect(below.match(/<tr><td/g)).toHaveLength(30);
    expect(page).toContain('ε = 0.1 · 70 inside above, 30 outside below');
  });

  it('shows the query, its position, the attention and the figures', () => {
    expect(page).toContain('<h1>a0.0 at &quot;=&quot; <small>in 615+861=1476</small></h1>');
    expect(page).toContain(
      '<span class="here" aria-current="true" title="position 8, attention 0.016"><i style="height:0.05rem"></i><b>=</b>',
    );
    expect(page).toContain('Attends most to <code>6</code> (1) 0.46, <code>8</code> (5) 0.43.');
    expect(page).toContain('791 <small>of 1024 (77.2%)</small>');
    expect(page).toContain('addition-decoder 77ab01c93e52');
    expect(page).toContain('<dt>Seed</dt><dd>1</dd>');
  });

  it('says at each token how near its position is, underlines the nearest, flags the invalid', () => {
    const counting = renderHtml(countingReading());
    expect(counting).toContain(
      '<span class="m" data-tip="position 18: distance 0.021, probability +0.000">:</span>',
    );
    expect(counting).toContain('data-tip="position 20: not compared, probability +0.200">E</span>');
    expect(counting.match(/! not an input/g)).toHaveLength(2);
    expect(counting).not.toContain('attention at the marked position');
  });

  it('tells tokens that are not judged from those that are left as they were, and how each is judged', () => {
    const [sample] = exampleReading(1).samples;
    if (sample === undefined) throw new Error('no sample');
    const tokenDelta = sample.tokens.map((token, at) => ('B+=E'.includes(token) ? null : at === 9 ? 0.4 : 0));
    const judged = renderHtml({ ...exampleReading(0), samples: [{ ...sample, tokenDelta, follows: [9] }] });
    expect(judged).toMatch(/<span class="n" data-tip="position 4: distance \S+, not judged">\+<\/span>/);
    expect(judged).toMatch(/<span data-tip="position 1: distance \S+, probability \+0\.000">\d<\/span>/);
    expect(judged).toMatch(
      /<span class="u3" data-tip="position 9: \S+ \S+, probability \+0\.400 at this place">/,
    );
    expect(judged).toContain('not judged: every input has it there');
    expect(judged).toContain('judged at their place over all inputs');
    // Where nothing follows, nothing is said of it.
    expect(page).not.toContain('judged at their place');
  });

  it("sets a person's own inputs apart, and a second distance beside the first", () => {
    const reading = exampleReading(4);
    const all = renderHtml({ ...withAll(reading), alsoAt: { place: '+', inside: 12, absent: 3 } });
    const [samples = '', own = ''] = all.split('<tbody class="own">');
    expect(samples.match(/<tr><td/g)).toHaveLength(4);
    expect(samples).toContain('<th scope="col" class="num">at +</th>');
    expect(own).toContain('Your own, counted in no figure');
    expect(own.match(/<tr><td class="num">/g)).toHaveLength(2);
    expect(own).toMatch(/inside ε, matched at position 8; (drawn|not among)/);
    expect(all).toContain('12 of 1024 (1.2%) are within ε = 0.1, 3 have no such place');
    expect(samples).toMatch(/title="drawn at temperature \d+\.5"/);
    expect(all).toContain('791 <small>of 1024 (77.2%)</small>');
    for (const word of ['Your own', 'class="own"', 'at temperature', 'itself'])
      expect(page).not.toContain(word);
  });

  it('shows what is used and the controls where they were measured, and nothing of them elsewhere', () => {
    const share = { share: 0.5, low: 0.44, high: 0.56 };
    const feature = '<script>';
    const measured = renderHtml({
      ...exampleReading(4),
      used: {
        answer: [{ position: 8, token: '1' }],
        maxKl: 0.02,
        inputs: 'drawn',
        parts: { both: 3, distanceOnly: 4, effectOnly: 5, neither: 6 },
        bits: { distance: 2, effect: 1 },
        kl: { n: 100, mean: 1, median: 0.5, most: 3 },
        logitDifference: null,
        features: [
          {
            feature,
            value: 1,
            of: 3,
            all: 0.1,
            distance: { ...share, bits: 1.5 },
            effect: null,
            verdict: 'held in part, not used',
          },
        ],
        curve: [{ maxKl: 0.02, inputs: 8, bits: null, shares: [{ feature, share: 0.25 }] }],
      },
      controls: {
        searched: false,
        activations: [
          {
            activation: 'random',
            draws: 256,
            valid: 255,
            inside: { count: 2, ...share },
            features: [{ feature, ...share }],
          },
        ],
      },
    });
    expectHarmless(measured);
    expect(measured).toContain('7 are inside by distance and 8 by effect: 3 by both, 4 by distance alone');
    expect(measured).toContain(
      '<th scope="row">&lt;script&gt;</th><td>held in part, not used</td><td>50% (44%–56%)</td><td class="num">1.50</td><td>–</td>',
    );
    expect(measured).toContain(
      '256 samples of the decoder, 255 of them inputs of the task, 2 within ε = 0.1',
    );
    for (const word of ['by effect', 'Controls']) expect(page).not.toContain(word);
  });

  it('shows spaces, line breaks and empty tokens', () => {
    const reading = exampleReading(0);
    const tokens = ['', '  ', 'a\nb', ' the'];
    const odd = renderHtml({ ...reading, attention: null, query: { ...reading.query, tokens, position: 1 } });
    for (const shown of ['∅', '␣␣', 'a↵b', ' the']) expect(odd).toContain(`<b>${shown}</b>`);
  });

  it('keeps to its own markup and gives its data back, whatever the reading', () => {
    fc.assert(
      fc.property(anyReading, fc.boolean(), (any, all) => {
        const reading = all ? withAll(any) : any;
        const rendered = renderHtml(reading);
        expectHarmless(rendered);
        expect(takeApart(rendered).data).toEqual(JSON.parse(JSON.stringify(reading)));
      }),
    );
  });
});

describe('escaping', () => {
  it('leaves no way out of text, attributes or the data block', () => {
    expect(escapeHtml(`<a b="c" d='e'>&\0\u202e`)).toBe(
      '&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;\ufffd\ufffd',
    );
    const evil = { text: '</script><!-- <script>&\u2028', pair: '\ud800' };
    expect(scriptJson(evil)).not.toMatch(/[<>&\u2028]/);
    expect(JSON.parse(scriptJson(evil))).toEqual(evil);
  });
});
