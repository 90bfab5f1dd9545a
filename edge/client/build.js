// Bundles the page: src/ becomes dist/index.html and dist/assets/*-[hash].{js,css,woff2}, and the service worker that
// keeps them on the device becomes dist/service-worker.js.
// The room (CodeMirror, Yjs) and each language pack are chunks of their own, so that the start page stays small.
import { build } from 'esbuild';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

const here = path.dirname(fileURLToPath(import.meta.url));
const dist = path.join(here, 'dist');

const shared = {
  absWorkingDir: here,
  outdir: 'dist/assets',
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  assetNames: '[name]-[hash]',
  loader: { '.woff2': 'file' },
  bundle: true,
  target: ['es2022', 'chrome114', 'firefox125', 'safari17'],
  minify: true,
  legalComments: 'linked',
  metafile: true,
  logLevel: 'info',
};

/** The address of what a build made of its entry point, or of the style sheet that the entry imports. */
function urlOf(result, entry, kind) {
  const outputs = Object.entries(result.metafile.outputs);
  const found = outputs.find(([, output]) => output.entryPoint === entry);
  const file = kind === 'css' ? found?.[1].cssBundle : found?.[0];
  if (file === undefined) throw new Error(`no ${kind} came out of ${entry}`);
  return '/' + path.posix.relative('dist', file);
}

/** Loaded by who needs it. */
const SELDOM = ['src/terminal/screen.ts', 'src/account/page.ts', 'src/account/mailed.ts'];

/**
 * Everything that the page may load, without what few need: the letters of some scripts, the screen of terminals and
 * the page of accounts are kept once they were used.
 */
function filesOf(result) {
  const common = Object.entries(result.metafile.outputs).filter(
    ([, output]) => !SELDOM.includes(output.entryPoint),
  );
  const files = common.map(([file]) => '/' + path.posix.relative('dist', file));
  return files.filter((file) => /\.(js|css)$/.test(file) || /-latin-wght-.*\.woff2$/.test(file));
}

await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });
// A blocking script cannot be a module, so it is bundled apart.
const boot = await build({ ...shared, entryPoints: ['src/boot.ts'], format: 'iife' });
const main = await build({ ...shared, entryPoints: ['src/main.ts'], format: 'esm', splitting: true });
const page = (await readFile(path.join(here, 'src/index.html'), 'utf8'))
  .replace('%boot%', urlOf(boot, 'src/boot.ts', 'js'))
  .replace('%script%', urlOf(main, 'src/main.ts', 'js'))
  .replace('%style%', urlOf(main, 'src/main.ts', 'css'));
await writeFile(path.join(dist, 'index.html'), page);
await build({
  ...shared,
  entryPoints: ['src/worker/service-worker.ts'],
  outdir: 'dist',
  entryNames: '[name]',
  format: 'iife',
  define: {
    FILES: JSON.stringify([...filesOf(boot), ...filesOf(main)].sort()),
    ENTRY: JSON.stringify(urlOf(main, 'src/main.ts', 'js')),
  },
});
await copyFile(path.join(here, 'src/favicon.svg'), path.join(dist, 'favicon.svg'));
// The fonts' licence asks to travel with them.
for (const font of ['inter', 'jetbrains-mono']) {
  const licence = path.join(here, 'node_modules/@fontsource-variable', font, 'LICENSE');
  await copyFile(licence, path.join(dist, 'assets', `${font}-LICENSE.txt`));
}
