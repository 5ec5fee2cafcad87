// Builds the page into dist/. Must never make anything that a `default-src 'self'` policy refuses.
import { defineConfig, type Plugin } from "vite";

// The browser waits for the (small) script before its first paint, so that a remembered dark theme
// never flashes white. An inline script would do the same, but the policy forbids those.
const paintAfterScript: Plugin = {
  name: "paint-after-script",
  transformIndexHtml: {
    order: "post",
    handler: (html) => html.replace('<script type="module"', '<script type="module" blocking="render"'),
  },
};

export default defineConfig({
  plugins: [paintAfterScript],
  build: {
    target: "es2022",
    assetsInlineLimit: 0, // data: URLs are not 'self'
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: { "/api": "http://127.0.0.1:8080", "/media": "http://127.0.0.1:8080" },
  },
});
