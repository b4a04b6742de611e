/**
 * Lost connections, restarting servers, conflicts between transactions: gone when tried again. 25006 is the old primary
 * after a failover. Not 57014: a statement that is too long for its limit is so each time.
 */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = (error as Error & { code?: unknown }).code;
  if (
    typeof code === 'string' &&
    /^(08...|25006|25P03|40001|40P01|53...|55P03|57P0[1-5]|ECONN\w+|EPIPE|ETIMEDOUT|E(HOST|NET)(UNREACH|DOWN)|ENOTFOUND|EAI_\w+)$/.test(
      code,
    )
  )
    return true;
  return /connection terminated|connection ended|client has encountered a connection error|timeout exceeded when trying to connect/i.test(
    error.message,
  );
}
