import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [svelte()],
  base: './',
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
    // The server's content security policy takes no data: fonts or scripts.
    assetsInlineLimit: 0,
    // How long each plugin took is no warning for whoever installs a clone.
    rolldownOptions: { checks: { bundlerTimings: false } },
  },
  // `npx vite web` beside a running `inversionview serve`.
  server: { proxy: { '/api': 'http://127.0.0.1:4747' } },
});
