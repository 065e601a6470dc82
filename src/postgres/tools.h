/* pg_dump and pg_restore: which ones, and running them.
 *
 * The newest binaries that fit are looked for in the configured directory, in
 * the distribution's versioned directories and in $PATH. Rules: pg_dump must not
 * be older than the source; pg_restore of the destination's major is preferred,
 * and must read the dump's format. Arguments are an array, credentials go by
 * environment and a 0600 PGPASSFILE.
 */
#pragma once

#include "core/child.h"
#include "postgres/conninfo.h"

G_BEGIN_DECLS

typedef struct
{
  char *path;
  int major;          /* 15 */
  char *version_text; /* "15.20" */
} PgmTool;

/* @directory: look only there when not NULL. The lowest major >= @min_major is
 * taken when @exact_major is 0 or not to be had; PGM_ERROR_NOT_FOUND names what
 * was found and what to install. */
PgmTool *pgm_tool_find (const char *name,
                        const char *directory,
                        int min_major,
                        int exact_major,
                        GCancellable *cancellable,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
void pgm_tool_free (PgmTool *self);

/* The bin directory of a whole server installation (initdb, postgres, pg_ctl):
 * the newest major, or @major when not 0. Transfer full. */
char *pgm_tool_find_server (int major, int *found_major, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Schema-only custom-format dump under @snapshot into @path. @arguments: further
 * pg_dump options, NULL-terminated, may be NULL. @directory: private, for the
 * passfile. */
gboolean pgm_tool_dump_schema (PgmTool *pg_dump,
                               PgmConninfo *source,
                               const char *snapshot,
                               const char *path,
                               const char *directory,
                               const char *const *arguments,
                               GCancellable *cancellable,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* pg_restore as a translator: the SQL text that it would run, from an archive.
 * @arguments: e.g. "--section=pre-data", "-L", path. No connection is made.
 * \restrict lines and the SETs that the destination's @major does not know are
 * taken out (known ones in the preamble only). */
char *pgm_tool_restore_script (PgmTool *pg_restore,
                               const char *archive,
                               int major,
                               const char *const *arguments,
                               GCancellable *cancellable,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* pg_restore -l: the archive's table of contents. @arguments: e.g. "--verbose"
 * (dependencies) or "--section=pre-data"; may be NULL. Transfer full. */
char *pgm_tool_restore_list (PgmTool *pg_restore,
                             const char *archive,
                             const char *const *arguments,
                             GCancellable *cancellable,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmTool, pgm_tool_free)

G_END_DECLS
