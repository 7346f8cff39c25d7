import { builtinModules } from 'node:module';
import { defineConfig, globalIgnores } from 'eslint/config';
import svelte from 'eslint-plugin-svelte';
import tseslint from 'typescript-eslint';

/**
 * The layers, left to right: a folder imports its own rank and those to the left of it.
 * engine <- models <- { tasks, training, inversion, causal, interpret, report } <- studies <- workbench <- jobs
 * <- { server, cli }
 */
const ranks = [
  ['engine'],
  ['models'],
  ['tasks', 'training', 'inversion', 'causal', 'interpret', 'report'],
  ['studies'],
  ['workbench'],
  ['jobs'],
  ['server', 'cli'],
];
const jobsRank = ranks.findIndex((rank) => rank.includes('jobs'));

/** Left of jobs everything also runs in a browser, but for these files, which say so in their headers. */
const nodeFiles = ['src/engine/runtime/node*.ts', 'src/models/weights/zip.ts'];
const testFiles = ['**/*.test.ts', '**/*.case.test.ts'];

const folders = (names) => `^(?:\\.\\.?/)+(?:${names.join('|')})(?:/|$)`;

/** Imports that a folder of this rank must not make, whatever it runs on. */
function outsideLayer(rank) {
  const right = ranks.slice(rank + 1).flat();
  const patterns = [{ regex: '^inversionview(?:/|$)', message: 'Inside src/, import by relative path.' }];
  if (right.length > 0) {
    patterns.push({
      regex: folders(right),
      message: `Imports run leftward: ${ranks[rank].join(', ')} must not import ${right.join(', ')}.`,
    });
  }
  if (rank === 0) {
    patterns.push({
      regex: '^(?:\\.\\./)+(?:random|input-error)\\.js$',
      message: 'The engine imports nothing outside src/engine.',
    });
  }
  return patterns;
}

const onlyNode = [
  {
    regex: `^node:|^(?:${builtinModules.join('|')})$`,
    message: 'Left of jobs nothing imports Node: take what you need through a small interface.',
  },
  {
    regex: '^(?:onnxruntime-node|yauzl|commander|cli-progress)(?:/|$)',
    message: 'A package for Node: left of jobs only the files named in eslint.config.js import one.',
  },
];

const nodeGlobals = ['Buffer', 'process', 'global', 'require', '__dirname', '__filename', 'setImmediate'];

/** What is not for the page to load. */
const pageFolders =
  '^(?:\\.\\./)+src/(?!server/client|workbench/limits|inversion/placed|report/(?:palette|wording|used-wording)|interpret/max-kl|models/hooks)';

function importRule(patterns) {
  return { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] };
}

const browserRules = {
  'no-restricted-globals': [
    'error',
    ...nodeGlobals.map((name) => ({ name, message: 'Left of jobs the code also runs in a browser.' })),
  ],
  'no-console': 'error',
};

/** One block a layer, and for layers left of jobs a second that lets the Node files import Node. */
const layering = ranks.flatMap((rank, index) => {
  const files = rank.map((folder) => `src/${folder}/**/*.ts`);
  const allowed = outsideLayer(index);
  if (index >= jobsRank) return [{ files, ignores: testFiles, rules: importRule(allowed) }];
  return [
    {
      files,
      ignores: [...testFiles, ...nodeFiles],
      rules: { ...importRule([...allowed, ...onlyNode]), ...browserRules },
    },
    // Two patterns in an inner array: a file has to match both.
    { files: files.flatMap((glob) => nodeFiles.map((file) => [glob, file])), rules: importRule(allowed) },
  ];
});

export default defineConfig(
  globalIgnores(['dist/', 'runs/', 'coverage/', 'docs/api/', 'src/engine/onnx/onnx_pb.ts']),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['web/**/*.svelte', 'web/**/*.svelte.ts'],
    extends: [svelte.configs.recommended, svelte.configs.prettier],
  },
  {
    files: ['**/*.ts', '**/*.svelte'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: {
        projectService: true,
        tsconfigRootDir: import.meta.dirname,
        extraFileExtensions: ['.svelte'],
      },
    },
    rules: {
      eqeqeq: 'error',
      'object-shorthand': 'error',
      'prefer-template': 'error',
      'max-lines': ['error', 500],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/ban-ts-comment': [
        'error',
        { 'ts-ignore': true, 'ts-nocheck': true, 'ts-expect-error': 'allow-with-description' },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // Task texts and byte-level tokens: the code points are what is wanted.
      '@typescript-eslint/no-misused-spread': 'off',
      // Methods here belong to plain objects that close over their state: nothing reads `this`.
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
    },
  },
  {
    files: ['src/*.ts'],
    ignores: testFiles,
    rules: { ...importRule([...outsideLayer(0).slice(0, 2), ...onlyNode]), ...browserRules },
  },
  ...layering,
  {
    // The page draws and asks: it loads the client, bounds, words and colours, and takes types of what it is sent.
    files: ['web/**/*.ts', 'web/**/*.svelte'],
    rules: {
      ...browserRules,
      ...importRule([
        {
          regex: `${pageFolders}(?!workbench/|inversion/saved-reading)`,
          message:
            'The page loads src/server/client, bounds of src/workbench, words and colours of src/report.',
        },
        {
          regex: `${pageFolders}(?:workbench/|inversion/saved-reading)`,
          allowTypeImports: true,
          message: 'The page takes types of src/workbench alone, so that it loads no library.',
        },
        ...onlyNode,
      ]),
    },
  },
  {
    files: ['web/**/*.svelte', 'web/**/*.svelte.ts'],
    extends: [svelte.configs.recommended, svelte.configs.prettier],
    languageOptions: { parserOptions: { parser: tseslint.parser } },
    rules: {
      // Maps and sets here are replaced, not changed.
      'svelte/prefer-svelte-reactivity': 'off',
      // For SvelteKit's router, which is not used.
      'svelte/no-navigation-without-resolve': 'off',
      // Arguments of functions given to components are typed for svelte-check alone.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      // An effect names what it depends on.
      '@typescript-eslint/no-meaningless-void-operator': 'off',
    },
  },
  {
    files: testFiles,
    rules: {
      // Tests hand wrong values in on purpose, and look at what they know is there.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unnecessary-condition': 'off',
      'max-lines': 'off',
    },
  },
  { files: ['**/*.js'], extends: [tseslint.configs.recommended], languageOptions: { sourceType: 'module' } },
);
