/** Training from the page: real trainings, short ones, in processes of their own. */
import { type Locator } from 'playwright-core';
import { expect, it } from 'vitest';
import { inBrowser } from './page.js';

const stepOf = async (training: Locator): Promise<number> =>
  Number(/step ([\d,]+)/.exec((await training.textContent()) ?? '')?.[1]?.replaceAll(',', ''));

inBrowser('train', (open) => {
  it('starts a training, shows it live, pauses and resumes it, and finds it after the page was closed', async () => {
    const page = await open('#train');
    const form = page.getByRole('form', { name: 'Start a training' });
    await form.getByRole('combobox', { name: /^Train/ }).selectOption('model');
    await form.getByText('Settings of its own').click();
    await form.getByRole('spinbutton', { name: 'Steps' }).fill('100000');
    await form.getByRole('spinbutton', { name: 'Batch' }).fill('8');
    await form.getByRole('textbox', { name: 'Name' }).fill('small');
    await form.getByRole('button', { name: 'Start' }).click();
    const detail = page.getByRole('region', { name: 'Training', exact: true });
    await detail.getByText('running').waitFor();
    const loss = detail.getByRole('img', { name: /^Training loss: \d/ });
    await loss.waitFor();
    const before = await stepOf(detail);
    await expect.poll(() => stepOf(detail)).toBeGreaterThan(before);
    expect(await form.getByRole('button', { name: 'One runs already' }).isDisabled()).toBe(true);

    await detail.getByRole('button', { name: 'Pause' }).click();
    await detail.getByText('paused').waitFor();
    const paused = await stepOf(detail);
    const address = new URL(page.url()).hash;
    expect(address).toContain('training=small');
    await page.close();

    const later = await open(address);
    const again = later.getByRole('region', { name: 'Training', exact: true });
    await again.getByText('paused').waitFor();
    await again.getByRole('button', { name: 'Resume' }).click();
    await expect.poll(() => stepOf(again)).toBeGreaterThan(paused);
    await again.getByRole('button', { name: 'Stop' }).click();
    await again.getByText('stopped').waitFor();
  });
});
