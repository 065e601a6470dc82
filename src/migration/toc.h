/* The table of contents of a pg_dump archive, as pg_restore -l prints it.
 *
 * Objects are known by their catalog's OID and their own, which is exact;
 * comments, privileges and attachments have no OIDs and are known by what they
 * depend on. The text of an entry ("TABLE shop orders alice") can't be taken
 * apart safely, since names may hold spaces: only its beginning is looked at. */
#pragma once

#include "postgres/tools.h"

G_BEGIN_DECLS

typedef struct
{
  guint id;        /* pg_dump's own */
  guint32 catalog; /* OID of the system catalog, or 0 */
  guint32 oid;
  char *text;    /* "TABLE shop orders alice" */
  GArray *needs; /* guint: ids of entries this one depends on */
  gboolean pre_data;
  gboolean taken; /* for the caller; TRUE at first */
} PgmTocEntry;

typedef struct
{
  GPtrArray *entries; /* PgmTocEntry, in the order of the archive */
  GHashTable *by_id;  /* borrowed */
} PgmToc;

/* OIDs of system catalogs: the same in all versions. */
enum
{
  PGM_CATALOG_CLASS = 1259,
  PGM_CATALOG_CONSTRAINT = 2606,
  PGM_CATALOG_NAMESPACE = 2615,
  PGM_CATALOG_REWRITE = 2618,
  PGM_CATALOG_EXTENSION = 3079,
};

PgmToc *pgm_toc_read (PgmTool *pg_restore,
                      const char *archive,
                      GCancellable *cancellable,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Of texts of pg_restore -l --verbose and of pg_restore -l --section=pre-data. */
PgmToc *pgm_toc_parse (const char *listing, const char *pre_data_listing);
void pgm_toc_free (PgmToc *self);

/* NULL when there is no such entry. */
PgmTocEntry *pgm_toc_find (PgmToc *self, guint id);

/* Is @description ("FK CONSTRAINT") the beginning of the entry's text? */
gboolean pgm_toc_entry_is (const PgmTocEntry *self, const char *description);

/* A file for pg_restore -L with @entries (from @first, @n of them). */
gboolean pgm_toc_write (GPtrArray *entries, guint first, guint n, const char *path, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmToc, pgm_toc_free)

G_END_DECLS
