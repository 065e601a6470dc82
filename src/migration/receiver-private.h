/* The receiver's steps, apart from its thread and its connection, so that a
 * simulation can drive them one by one against a source of its own. */
#pragma once

#include "migration/assembler.h"
#include "migration/receiver.h"
#include "postgres/stream.h"

G_BEGIN_DECLS

/* Where messages come from: PgmStream, or whatever plays its part. As the
 * functions of postgres/stream.h; @now is the clock of their deadlines. */
typedef struct
{
  gpointer stream;
  PgmStreamResult (*read) (gpointer stream,
                           PgmStreamMessage *message,
                           gint64 deadline,
                           GCancellable *cancellable,
                           GError **error);
  gboolean (*send_status) (gpointer stream,
                           PgmLsn received,
                           PgmLsn flushed,
                           PgmLsn applied,
                           gboolean reply,
                           GError **error);
  gboolean (*finish) (gpointer stream, GCancellable *cancellable, GError **error);
  gint64 (*now) (void);
} PgmReceiverSource;

typedef struct
{
  PgmReceiver *receiver;
  PgmReceiverSource source;
  PgmAssembler *assembler;
  gint64 interval_us;    /* between two statuses */
  gint64 silence_us;     /* after so long without a word the server is gone; 0: never */
  gint64 heard;          /* its last word */
  gint64 next_status;    /* when the next is due */
  gint64 last_status;    /* when the last was sent */
  gint64 next_position;  /* not before: an idle position */
  PgmLsn told_flushed;   /* in the last status */
  PgmChangeBatch *ready; /* waits for room in the channel */
  gboolean ended;        /* nothing more is to come */
} PgmReceiverRun;

typedef enum
{
  PGM_RECEIVER_GOES_ON,
  PGM_RECEIVER_DONE,
  PGM_RECEIVER_FAILED,
} PgmReceiverStep;

/* @status_interval_us: at most a third of the server's timeout. */
void pgm_receiver_run_init (PgmReceiverRun *run,
                            PgmReceiver *receiver,
                            const PgmReceiverSource *source,
                            const PgmAssemblerOptions *assembler,
                            gint64 status_interval_us);
void pgm_receiver_run_clear (PgmReceiverRun *run);

/* One bounded piece of work: a status, a message, a batch. Waits for a fraction of
 * a second at most. */
PgmReceiverStep pgm_receiver_step (PgmReceiverRun *run, GCancellable *cancellable, GError **error);

G_END_DECLS
