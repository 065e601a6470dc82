/* A transaction that the source streams before its end, kept until it is known
 * to commit.
 *
 * Small ones stay in memory; what grows goes to a file of mode 0600, which has no
 * name once it is open, so that nothing stays behind whatever ends us. Every record carries a checksum over its place, its kind and
 * its bytes: what comes back is what went in, or an error (PGM_ERROR_LOST: the
 * source still has it, a new session sends it again).
 *
 * An aborted subtransaction is cut off: whatever came after its first change
 * belongs to it or to its children.
 */
#pragma once

#include "core/error.h"

G_BEGIN_DECLS

typedef struct _PgmSpill PgmSpill;

typedef enum
{
  PGM_SPILL_RECORD,
  PGM_SPILL_END,
  PGM_SPILL_FAILED,
} PgmSpillResult;

/* Where such files belong: TMPDIR or else /var/tmp, not /tmp, which is in memory
 * often. */
const char *pgm_spill_directory (void);

/* @memory: bytes kept before a file is made; 0: 256 KiB. */
PgmSpill *pgm_spill_new (const char *directory, guint32 xid, gsize memory);
void pgm_spill_free (PgmSpill *self);

/* A full disk is PGM_ERROR_FAILED with SQLSTATE 53100, as a server would say it. */
gboolean
pgm_spill_append (PgmSpill *self, guint32 subxid, gconstpointer data, gsize size, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* A subtransaction of which nothing was seen has nothing to lose. */
gboolean pgm_spill_abort (PgmSpill *self, guint32 subxid, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* From the first record on; nothing can be appended afterwards. */
gboolean pgm_spill_rewind (PgmSpill *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* @data is valid until the next call. */
PgmSpillResult pgm_spill_next (PgmSpill *self, const guint8 **data, gsize *size, GError **error);

guint64 pgm_spill_get_bytes (PgmSpill *self);

/* For tests that damage it: -1 while there is no file. */
int pgm_spill_get_fd (PgmSpill *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmSpill, pgm_spill_free)

G_END_DECLS
