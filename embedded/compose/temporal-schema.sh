#!/bin/sh
# Makes or updates Temporal's own databases. Run before every start of the server; changes nothing where it is done.
# The tools read SQL_HOST, SQL_PORT, SQL_USER and SQL_PASSWORD.
set -eu
schema=/etc/temporal/schema/postgresql/v12
for part in temporal:temporal temporal_visibility:visibility; do
  database=${part%%:*}
  temporal-sql-tool --plugin postgres12 --database "$database" create
  temporal-sql-tool --plugin postgres12 --database "$database" setup-schema --version 0.0
  temporal-sql-tool --plugin postgres12 --database "$database" update-schema --schema-dir "$schema/${part##*:}/versioned"
done
