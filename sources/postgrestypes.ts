/** DuckDB's type for a column of a Postgres query, by type id (`SELECT oid, typname FROM pg_type`). */
export function sqlTypeOf(field: { dataTypeID: number; dataTypeModifier: number }): string {
  return field.dataTypeID === NUMERIC
    ? decimal(field.dataTypeModifier)
    : (BY_OID[field.dataTypeID] ?? 'VARCHAR');
}

const NUMERIC = 1700;

const BY_OID: Record<number, string> = {
  16: 'BOOLEAN', // bool
  20: 'BIGINT', // int8
  21: 'SMALLINT', // int2
  23: 'INTEGER', // int4
  26: 'BIGINT', // oid
  700: 'FLOAT', // float4
  701: 'DOUBLE', // float8
  1082: 'DATE', // date
  1114: 'TIMESTAMP', // timestamp
  1184: 'TIMESTAMPTZ', // timestamptz
};

/**
 * numeric(p, s) as DECIMAL(p, s) where DuckDB has it (p <= 38, 0 <= s <= p); numeric without bounds, whose values may
 * have any number of digits, as DOUBLE. The modifier is ((p << 16) | (s & 0x7ff)) + 4, or -1.
 */
function decimal(modifier: number): string {
  if (modifier < 4) return 'DOUBLE';
  const precision = ((modifier - 4) >> 16) & 0xffff;
  const scale = (((modifier - 4) & 0x7ff) ^ 0x400) - 0x400; // eleven bits, signed
  return precision <= 38 && scale >= 0 && scale <= precision ? `DECIMAL(${precision},${scale})` : 'DOUBLE';
}
