/* The search_path that ordinary sessions of a database have. Ours is empty, but
 * functions in indexes and materialized views may count on theirs (F18); below
 * 17, where the server does not set a safe one by itself, they are given it. */
#pragma once

#include "postgres/connection.h"

G_BEGIN_DECLS

/* What is set for the database, else the server's own default. Transfer full. */
char *pgm_search_path_read (PgmConnection *connection,
                            GCancellable *cancellable,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Runs @sql (statements, each ended by ';') in one transaction with @path. */
gboolean pgm_search_path_exec (PgmConnection *connection,
                               const char *path,
                               const char *sql,
                               GCancellable *cancellable,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
