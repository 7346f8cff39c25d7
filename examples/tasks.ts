/**
 * Tasks are data: inputs drawn from a split, their tokens, named places, and what is wrong with a malformed one.
 * @module
 */
import { tasks } from 'inversionview/studies';
import { randomFor, resolvePosition, tokensOf } from 'inversionview/tasks';

for (const task of tasks) {
  const { data, completion } = task;
  const ids = task.sample(randomFor(1, 'example'), 'test');
  const tokens = tokensOf(task, ids);
  console.log(
    `${task.name}: ${data?.size.toLocaleString('en') ?? 'any number of'} inputs, such as ${task.decode(ids)}`,
  );
  console.log(`  tokens  ${tokens.join(' ')}`);
  console.log(
    `  places  ${task
      .places(ids)
      .map(({ name, index }) => `${name}=${index}`)
      .join(' ')}`,
  );
  console.log(`  facts   ${JSON.stringify(task.annotate(ids))}`);
  // A capability: a task may say which tokens follow from the others, or not.
  if (completion === undefined) continue;
  const free = completion.toFree(ids);
  console.log(
    `  free    ${task.decode(free)} (the rest follows: ${task.decode(completion.complete(free) ?? [])})`,
  );
}

const [addition] = tasks;
if (addition !== undefined) {
  const wrong = addition.encode('615+861=1477');
  console.log(
    `615+861=1477 ${addition.check(wrong) ?? 'is an input'}; A2 is token ${resolvePosition(addition, wrong, 'A2')}`,
  );
}
