import { defineConfig, type Plugin } from 'vite';

// Where monaco-graphql asks for all of Monaco, it is given the pieces of src/monaco.ts.
const pieces: Plugin = {
  name: 'pieces-of-monaco',
  enforce: 'pre',
  load: (id) => (id.endsWith('/monaco-graphql/esm/monaco-editor.js') ? "export * from '/src/monaco.ts';" : null),
};

// In development the pages come from Vite and everything else from a gateway that runs beside it.
const gateway = { target: 'http://127.0.0.1:8080', changeOrigin: true };

export default defineConfig({
  plugins: [pieces],
  build: {
    target: 'es2022',
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'], // the first that know light-dark()
    assetsInlineLimit: 0, // the Content-Security-Policy knows files only
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 4096,
    license: { fileName: 'licenses.md' }, // of what is bundled
    rolldownOptions: {
      input: ['index.html', 'accept.html'],
      checks: { moduleLevelDirective: false, pluginTimings: false }, // "use client" says nothing here
    },
  },
  server: { proxy: { '/graphql': gateway, '/graphiql': gateway, '/sign-in': gateway } },
});
