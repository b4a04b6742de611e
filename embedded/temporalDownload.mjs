// Called by temporalDownload.ts: node temporalDownload.mjs <version> <directory>
// The SDK downloads by starting a server; it is stopped at once, what stays is the file.
import { TestWorkflowEnvironment } from '@temporalio/testing';

const [version, downloadDir] = process.argv.slice(2);
try {
  const executable = { type: 'cached-download', version: `v${version}`, downloadDir };
  const environment = await TestWorkflowEnvironment.createLocal({ server: { executable } });
  await environment.teardown();
} catch (error) {
  console.error(String(error?.cause ?? error).replaceAll('\n', ' '));
  process.exit(1);
}
