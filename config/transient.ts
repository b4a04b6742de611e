/** Lost connections, restarting servers, conflicts between transactions: gone when tried again. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = (error as Error & { code?: unknown }).code;
  if (
    typeof code === 'string' &&
    /^(08...|40001|40P01|53...|57P0[1-5]|55P03|25P03|ECONN\w+|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN)$/.test(
      code,
    )
  )
    return true;
  return /connection terminated|connection ended|client has encountered a connection error|timeout exceeded when trying to connect/i.test(
    error.message,
  );
}
