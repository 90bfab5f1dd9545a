// Bundles the unit tests (Node 20 reads no TypeScript) and runs them.
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

const here = path.dirname(fileURLToPath(import.meta.url));
// Inside the package, so that Node finds the packages that stay outside the bundles.
const out = await mkdtemp(path.join(here, '../node_modules/.tests-'));
try {
  const tests = (await readdir(here)).filter((name) => name.endsWith('.test.ts'));
  await build({
    entryPoints: tests.map((name) => path.join(here, name)),
    outdir: out,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
  });
  const built = tests.map((name) => path.join(out, name.replace(/\.ts$/, '.mjs')));
  const { status } = spawnSync(process.execPath, ['--test', ...built], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
} finally {
  await rm(out, { recursive: true, force: true });
}
