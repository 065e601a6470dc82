#include "app/replication-page.h"

#include "app/scroll-page.h"
#include "core/i18n.h"
#include "core/lsn.h"
#include "core/units.h"
#include "model/report.h"

/* Less time than this until a slot is lost is worth a colour. */
#define WARNING_SECONDS (4 * 3600)
#define ERROR_SECONDS   (30 * 60)

struct _PgmReplicationPage
{
  AdwBin parent_instance;
  PgmStateView *state_view;
  PgmFactGroup *position;
  PgmFactGroup *slots;
  PgmFactGroup *senders;
  PgmFactGroup *publications;
  PgmFactGroup *subscriptions;
  PgmFactGroup *origins;
  PgmFactGroup *notes;
  char *node_id;
  gboolean seen;
};

G_DEFINE_FINAL_TYPE (PgmReplicationPage, pgm_replication_page, ADW_TYPE_BIN)

static void
show_position (PgmReplicationPage *self, const PgmReplication *answer)
{
  char lsn[PGM_LSN_TEXT_SIZE];
  PgmFactRow *row;

  pgm_fact_group_begin (self->position);
  row = pgm_fact_group_get_row (self->position, "position");
  pgm_fact_row_set_title (row, answer->is_replica ? _ ("Replayed up to") : _ ("Written up to"));
  pgm_fact_row_set_value (row, pgm_lsn_format (answer->current_lsn, lsn), NULL);
  if (answer->upstream != NULL)
    {
      row = pgm_fact_group_get_row (self->position, "upstream");
      pgm_fact_row_set_title (row, _ ("Receives from"));
      pgm_fact_row_set_value (row, answer->upstream, NULL);
    }
  pgm_fact_group_end (self->position);
}

/* ---- slots ----------------------------------------------------------------------- */

static char *
describe_slot (const PgmSlotState *slot)
{
  GString *text = g_string_new (slot->slot_type != NULL ? slot->slot_type : "");

  if (slot->plugin != NULL)
    g_string_append_printf (text, " · %s", slot->plugin);
  if (slot->database != NULL)
    g_string_append_printf (text, " · %s", slot->database);
  g_string_append_printf (text, " · %s", slot->active ? _ ("in use") : _ ("nobody reads it"));
  if (slot->wal_status != NULL)
    g_string_append_printf (text, " · %s", slot->wal_status);
  return g_string_free (text, FALSE);
}

static char *
forecast_slot (const PgmSlotState *slot)
{
  g_autofree char *safe = NULL;
  g_autofree char *time = NULL;

  if (g_strcmp0 (slot->wal_status, "lost") == 0)
    return g_strdup (_ ("its WAL is gone"));
  if (slot->safe_wal_bytes < 0)
    return g_strdup (_ ("no limit is set"));
  safe = pgm_format_bytes ((guint64) slot->safe_wal_bytes);
  if (slot->forecast_seconds < 0)
    return g_strdup_printf (_ ("%s until it is lost"), safe);
  time = pgm_format_duration ((double) slot->forecast_seconds);
  return g_strdup_printf (_ ("%s until it is lost: about %s"), safe, time);
}

/* Which of three it is: 0 fine, 1 needs a look, 2 urgent. */
static int
judge_slot (const PgmSlotState *slot)
{
  if (g_strcmp0 (slot->wal_status, "lost") == 0 ||
      g_strcmp0 (slot->wal_status, "unreserved") == 0 ||
      (slot->forecast_seconds >= 0 && slot->forecast_seconds < ERROR_SECONDS))
    return 2;
  if (!slot->active || (slot->forecast_seconds >= 0 && slot->forecast_seconds < WARNING_SECONDS))
    return 1;
  return 0;
}

static void
show_slot (PgmFactRow *row, const PgmSlotState *slot)
{
  static const char *const icons[] = { "pgm-state-ok-symbolic", "pgm-state-warning-symbolic",
                                       "pgm-state-error-symbolic" };
  static const char *const classes[] = { "success", "warning", "error" };
  static const char *const bars[] = { NULL, "warning", "error" };
  const char *const meanings[] = { _ ("In order"), _ ("Needs attention"), _ ("Urgent") };
  int judgement = judge_slot (slot);
  g_autofree char *subtitle = describe_slot (slot);
  g_autofree char *retained = pgm_format_bytes (slot->retained_bytes);
  g_autofree char *value = g_strdup_printf (_ ("keeps %s"), retained);
  g_autofree char *forecast = forecast_slot (slot);
  double limit = (double) slot->retained_bytes + (double) MAX (0, slot->safe_wal_bytes);

  pgm_fact_row_set_icon (row, icons[judgement], classes[judgement], meanings[judgement]);
  pgm_fact_row_set_title (row, slot->name);
  pgm_fact_row_set_subtitle (row, subtitle);
  pgm_fact_row_set_value (row, value, forecast);
  pgm_fact_row_set_level (
      row, slot->safe_wal_bytes >= 0 && limit > 0 ? (double) slot->retained_bytes / limit : -1,
      bars[judgement]);
}

static void
show_slots (PgmReplicationPage *self, const PgmReplication *answer)
{
  pgm_fact_group_begin (self->slots);
  for (guint i = 0; i < answer->slots->len; i++)
    {
      const PgmSlotState *slot = g_ptr_array_index (answer->slots, i);

      show_slot (pgm_fact_group_get_row (self->slots, slot->name), slot);
    }
  pgm_fact_group_end (self->slots);
}

/* ---- the others ------------------------------------------------------------------ */

static void
show_senders (PgmReplicationPage *self, const PgmReplication *answer)
{
  pgm_fact_group_begin (self->senders);
  for (guint i = 0; i < answer->senders->len; i++)
    {
      const PgmSenderState *sender = g_ptr_array_index (answer->senders, i);
      g_autofree char *key = g_strdup_printf (
          "%s/%s/%u", sender->application_name != NULL ? sender->application_name : "",
          sender->client_address != NULL ? sender->client_address : "", i);
      g_autofree char *subtitle = g_strdup_printf (
          "%s · %s · %s", sender->client_address != NULL ? sender->client_address : _ ("local"),
          sender->state != NULL ? sender->state : "?",
          sender->sync_state != NULL ? sender->sync_state : "?");
      g_autofree char *bytes = pgm_format_bytes (sender->lag_bytes);
      g_autofree char *value = g_strdup_printf (_ ("%s behind"), bytes);
      g_autofree char *seconds =
          sender->replay_lag_sec >= 0 ? pgm_format_duration (sender->replay_lag_sec) : NULL;
      PgmFactRow *row = pgm_fact_group_get_row (self->senders, key);

      pgm_fact_row_set_title (row, sender->application_name != NULL ? sender->application_name
                                                                    : sender->user);
      pgm_fact_row_set_subtitle (row, subtitle);
      pgm_fact_row_set_value (row, value, seconds);
    }
  pgm_fact_group_end (self->senders);
}

static void
show_publications (PgmReplicationPage *self, const PgmReplication *answer)
{
  pgm_fact_group_begin (self->publications);
  for (guint i = 0; i < answer->publications->len; i++)
    {
      const PgmPublicationState *publication = g_ptr_array_index (answer->publications, i);
      PgmFactRow *row = pgm_fact_group_get_row (self->publications, publication->name);
      g_autofree char *subtitle =
          g_strdup_printf ("%s · %s", publication->owner != NULL ? publication->owner : "?",
                           publication->operations != NULL ? publication->operations : "");
      g_autofree char *tables = g_strdup_printf (
          g_dngettext (PGM_GETTEXT_DOMAIN, "%d table", "%d tables", (gulong) publication->tables),
          (int) publication->tables);

      pgm_fact_row_set_title (row, publication->name);
      pgm_fact_row_set_subtitle (row, subtitle);
      pgm_fact_row_set_value (row, publication->all_tables ? _ ("all tables") : tables, NULL);
    }
  pgm_fact_group_end (self->publications);
}

static void
show_subscriptions (PgmReplicationPage *self, const PgmReplication *answer)
{
  char lsn[PGM_LSN_TEXT_SIZE];

  pgm_fact_group_begin (self->subscriptions);
  for (guint i = 0; i < answer->subscriptions->len; i++)
    {
      const PgmSubscriptionState *subscription = g_ptr_array_index (answer->subscriptions, i);
      PgmFactRow *row = pgm_fact_group_get_row (self->subscriptions, subscription->name);

      pgm_fact_row_set_title (row, subscription->name);
      pgm_fact_row_set_subtitle (row, subscription->enabled ? _ ("enabled") : _ ("disabled"));
      pgm_fact_row_set_value (row, pgm_lsn_format (subscription->received_lsn, lsn),
                              subscription->slot_name);
    }
  pgm_fact_group_end (self->subscriptions);
}

static void
show_origins (PgmReplicationPage *self, const PgmReplication *answer)
{
  char remote[PGM_LSN_TEXT_SIZE], local[PGM_LSN_TEXT_SIZE];

  pgm_fact_group_begin (self->origins);
  for (guint i = 0; i < answer->origins->len; i++)
    {
      const PgmOriginState *origin = g_ptr_array_index (answer->origins, i);
      PgmFactRow *row = pgm_fact_group_get_row (self->origins, origin->name);
      g_autofree char *note =
          g_strdup_printf (_ ("here %s"), pgm_lsn_format (origin->local_lsn, local));

      pgm_fact_row_set_title (row, origin->name);
      pgm_fact_row_set_value (row, pgm_lsn_format (origin->remote_lsn, remote), note);
    }
  pgm_fact_group_end (self->origins);
}

static void
show_notes (PgmReplicationPage *self, const PgmReplication *answer)
{
  pgm_fact_group_begin (self->notes);
  for (guint i = 0; i < answer->notes->len; i++)
    {
      const PgmCheck *note = g_ptr_array_index (answer->notes, i);
      PgmFactRow *row = pgm_fact_group_get_row (self->notes, note->name);

      pgm_fact_row_set_icon (row, "pgm-state-warning-symbolic", "warning", _ ("Needs attention"));
      pgm_fact_row_set_title (row, note->reason);
      pgm_fact_row_set_code (row, note->fix_sql);
    }
  pgm_fact_group_end (self->notes);
}

static gboolean
on_replication (gpointer answer, gpointer user_data)
{
  PgmReplicationPage *self = user_data;

  show_position (self, answer);
  show_slots (self, answer);
  show_senders (self, answer);
  show_publications (self, answer);
  show_subscriptions (self, answer);
  show_origins (self, answer);
  show_notes (self, answer);
  return TRUE;
}

/* ---- what is asked --------------------------------------------------------------- */

static void
ask (PgmReplicationPage *self, gboolean anew)
{
  PgmIntrospectionQuery *query = pgm_record_new (&pgm_introspection_query_type);

  query->node = g_strdup (self->node_id);
  if (anew)
    pgm_state_view_ask_anew (self->state_view, query);
  else
    pgm_state_view_ask (self->state_view, query);
  pgm_record_unref (query);
}

void
pgm_replication_page_set_node (PgmReplicationPage *self, const char *node_id)
{
  g_free (self->node_id);
  self->node_id = g_strdup (node_id);
  if (self->seen)
    ask (self, TRUE);
}

void
pgm_replication_page_refresh (PgmReplicationPage *self)
{
  if (self->seen)
    ask (self, FALSE);
}

static void
pgm_replication_page_map (GtkWidget *widget)
{
  PgmReplicationPage *self = PGM_REPLICATION_PAGE (widget);

  GTK_WIDGET_CLASS (pgm_replication_page_parent_class)->map (widget);
  self->seen = TRUE;
  ask (self, FALSE);
}

/* ---- life ------------------------------------------------------------------------ */

PgmFactGroup *
pgm_replication_page_get_slots (PgmReplicationPage *self)
{
  return self->slots;
}

PgmFactGroup *
pgm_replication_page_get_publications (PgmReplicationPage *self)
{
  return self->publications;
}

PgmStateView *
pgm_replication_page_get_state_view (PgmReplicationPage *self)
{
  return self->state_view;
}

static void
pgm_replication_page_dispose (GObject *object)
{
  g_clear_pointer (&PGM_REPLICATION_PAGE (object)->node_id, g_free);
  G_OBJECT_CLASS (pgm_replication_page_parent_class)->dispose (object);
}

static void
pgm_replication_page_class_init (PgmReplicationPageClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = pgm_replication_page_dispose;
  GTK_WIDGET_CLASS (klass)->map = pgm_replication_page_map;
}

static void
pgm_replication_page_init (PgmReplicationPage *self)
{
  GtkBox *box;
  GtkWidget *page = pgm_scroll_page_new (&box);

  self->position = pgm_fact_group_new (_ ("Position"), NULL);
  self->slots = pgm_fact_group_new (_ ("Slots"), _ ("There is no replication slot."));
  self->senders = pgm_fact_group_new (_ ("Receivers"), _ ("Nobody receives changes just now."));
  self->publications =
      pgm_fact_group_new (_ ("Publications"), _ ("This database publishes nothing."));
  self->subscriptions = pgm_fact_group_new (_ ("Subscriptions"), NULL);
  self->origins = pgm_fact_group_new (_ ("Origins"), NULL);
  self->notes = pgm_fact_group_new (_ ("What Couldn't Be Seen"), NULL);
  gtk_box_append (box, GTK_WIDGET (self->notes));
  gtk_box_append (box, GTK_WIDGET (self->position));
  gtk_box_append (box, GTK_WIDGET (self->slots));
  gtk_box_append (box, GTK_WIDGET (self->senders));
  gtk_box_append (box, GTK_WIDGET (self->publications));
  gtk_box_append (box, GTK_WIDGET (self->subscriptions));
  gtk_box_append (box, GTK_WIDGET (self->origins));
  self->state_view = pgm_state_view_new (page);
  adw_bin_set_child (ADW_BIN (self), GTK_WIDGET (self->state_view));
}

PgmReplicationPage *
pgm_replication_page_new (PgmEngine *engine, const char *cluster_id)
{
  PgmReplicationPage *self = g_object_new (PGM_TYPE_REPLICATION_PAGE, NULL);

  pgm_state_view_set_question (self->state_view, engine, PGM_ASK_READ_REPLICATION, cluster_id,
                               on_replication, self);
  return self;
}
