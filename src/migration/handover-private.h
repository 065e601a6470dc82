/* The parts of a handover, for handover.c. */
#pragma once

#include "migration/handover.h"

G_BEGIN_DECLS

typedef struct
{
  char *name; /* quoted, qualified */
  gint64 increment;
  gint64 min;
  gint64 max;
  gint64 last_value;
  gboolean is_called;
  char *stranger; /* our role, quoted, when it may not read it; NULL: it may */
} PgmHandoverSequence;

struct _PgmHandover
{
  PgmHandoverOptions options;
  GPtrArray *sequences; /* PgmHandoverSequence */
  GHashTable *objects;  /* OID -> char *, size and digest on the giving side, as last read;
                         * NULL: there are none on either side */
  GPtrArray *unlogged;  /* PgmTable of the catalog */
  gboolean replica;     /* session_replication_role may be set on the other side */
  guint objects_copied;
};

/* handover-sequences.c */
gboolean pgm_handover_sequences_prepare (PgmHandover *self,
                                         PgmConnection *from,
                                         PgmConnection *to,
                                         GCancellable *cancellable,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean pgm_handover_sequences_run (PgmHandover *self,
                                     PgmConnection *from,
                                     PgmConnection *to,
                                     GCancellable *cancellable,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
void pgm_handover_sequence_free (PgmHandoverSequence *self);
/* The value that @to gets. */
gint64 pgm_handover_sequence_value (const PgmHandoverSequence *self, gint64 margin);

/* handover-objects.c */
gboolean pgm_handover_objects_prepare (PgmHandover *self,
                                       PgmConnection *from,
                                       PgmConnection *to,
                                       GCancellable *cancellable,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean pgm_handover_objects_run (PgmHandover *self,
                                   PgmConnection *from,
                                   PgmConnection *to,
                                   GCancellable *cancellable,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* handover-tables.c */
gboolean pgm_handover_tables_prepare (PgmHandover *self,
                                      PgmConnection *from,
                                      PgmConnection *to,
                                      GCancellable *cancellable,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean pgm_handover_tables_run (PgmHandover *self,
                                  PgmConnection *from,
                                  PgmConnection *to,
                                  GCancellable *cancellable,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* handover-ready.c: constraints, statistics, materialized views. */
gboolean pgm_handover_ready_prepare (PgmHandover *self,
                                     PgmConnection *from,
                                     PgmConnection *to,
                                     GCancellable *cancellable,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
void pgm_handover_refresh_views (PgmHandover *self,
                                 PgmConnection *to,
                                 PgmReport *report,
                                 GCancellable *cancellable);

G_END_DECLS
