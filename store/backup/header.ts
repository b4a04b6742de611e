import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { FrameReader, FrameWriter } from './frames.ts';
import { unreadable } from './frames.ts';

const headerSchema = z.strictObject({
  apiVersion: z.literal(1),
  /** ISO 8601: everything in the file is as it was then. */
  createdAt: z.iso.datetime(),
  /** Of the installation that it is of. */
  schema: z.string(),
  /** Which the tables are at. */
  migrations: z.array(z.strictObject({ number: z.int(), name: z.string(), checksum: z.string() })).min(1),
  /** In the order of the file. */
  tables: z.array(
    z.strictObject({
      name: z.string(),
      columns: z.array(z.string()).min(1),
      /** Of a partition of `predictions`: its day. */
      day: z.iso.date().optional(),
    }),
  ),
});
export type BackupHeader = z.infer<typeof headerSchema>;
export type BackupTable = BackupHeader['tables'][number];

/** Stands behind the rows of each table. */
const footerSchema = z.strictObject({ table: z.string(), rows: z.int().min(0), sha256: z.string() });
export type TableFooter = z.infer<typeof footerSchema>;

export async function writeHeader(writer: FrameWriter, header: BackupHeader): Promise<void> {
  const text = Buffer.from(JSON.stringify(header));
  await writer.write(text);
  await writer.writeJson({ sha256: createHash('sha256').update(text).digest('hex') });
}

/** @returns with the SHA-256 by which one backup is told from another */
export async function readHeader(
  reader: FrameReader,
  path: string,
): Promise<{ header: BackupHeader; sha256: string }> {
  const text = await reader.read();
  const sha256 = createHash('sha256').update(text).digest('hex');
  const checksum = z.strictObject({ sha256: z.string() }).safeParse(await reader.readJson());
  if (checksum.data?.sha256 !== sha256) throw unreadable(path, 'is damaged');
  const parsed = headerSchema.safeParse(JSON.parse(text.toString('utf8')));
  if (!parsed.success) throw unreadable(path, 'was written by another program, or a newer one', parsed.error);
  return { header: parsed.data, sha256 };
}

export async function readFooter(reader: FrameReader, path: string): Promise<TableFooter> {
  const parsed = footerSchema.safeParse(await reader.readJson());
  if (!parsed.success) throw unreadable(path, 'is damaged');
  return parsed.data;
}
