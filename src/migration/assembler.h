/* From the messages of a stream to batches of whole transactions: the receiver's
 * logic, without threads, sockets or clocks.
 *
 * It holds a BEGIN back until its transaction has something for us, so that an
 * empty one becomes a position; keeps what is streamed early in spills and reads
 * it back at its commit; leaves out other people's messages (F54) and, where the
 * server can't do it, transactions with an origin. Two-phase commit is refused
 * by name: nobody asked the server for it.
 */
#pragma once

#include "migration/change.h"

G_BEGIN_DECLS

typedef struct _PgmAssembler PgmAssembler;

typedef struct
{
  int protocol;          /* of the decoder */
  const char *directory; /* for spills; copied */
  gsize spill_memory;    /* 0: pgm_spill_new()'s */
  gboolean local_only;   /* leave out what has an origin */
} PgmAssemblerOptions;

PgmAssembler *pgm_assembler_new (const PgmAssemblerOptions *options);
void pgm_assembler_free (PgmAssembler *self);

/* Takes one message, which may be forgotten afterwards. Not while reading back. */
gboolean pgm_assembler_feed (PgmAssembler *self, const guint8 *data, gsize size, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The server has got as far as @position with nothing for us below it. Ignored
 * within a transaction. */
void pgm_assembler_position (PgmAssembler *self, PgmLsn position);

/* After a streamed transaction's commit: it is read back in steps of at most
 * @max_bytes into the batch, before anything else is fed. */
gboolean pgm_assembler_is_reading_back (PgmAssembler *self);
gboolean pgm_assembler_read_back (PgmAssembler *self,
                                  gsize max_bytes,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Between BEGIN and COMMIT, or reading back. */
gboolean pgm_assembler_is_in_transaction (PgmAssembler *self);

/* What lies ready, in bytes; and it itself (transfer full), NULL when empty. */
gsize pgm_assembler_get_bytes (PgmAssembler *self);
PgmChangeBatch *pgm_assembler_take (PgmAssembler *self);

/* End of the last transaction that was put into a batch, or that is being read back;
 * 0 when there was none. */
PgmLsn pgm_assembler_get_last_commit (PgmAssembler *self);

/* Bytes kept of transactions whose end is not known yet. */
guint64 pgm_assembler_get_spilled (PgmAssembler *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmAssembler, pgm_assembler_free)

G_END_DECLS
