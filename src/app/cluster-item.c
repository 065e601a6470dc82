#include "app/cluster-item.h"

#include <math.h>
#include <string.h>

#include "core/i18n.h"

struct _PgmClusterItem
{
  GObject parent_instance;
  PgmCluster *cluster;
  GPtrArray *nodes;
  GError *error;
  PgmSparklinePoint history[PGM_SPARKLINE_POINTS];
  guint n_history;
};

G_DEFINE_FINAL_TYPE (PgmClusterItem, pgm_cluster_item, G_TYPE_OBJECT)

enum
{
  CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
pgm_cluster_item_finalize (GObject *object)
{
  PgmClusterItem *self = PGM_CLUSTER_ITEM (object);

  g_clear_pointer (&self->cluster, pgm_record_unref);
  g_clear_pointer (&self->nodes, g_ptr_array_unref);
  g_clear_error (&self->error);
  G_OBJECT_CLASS (pgm_cluster_item_parent_class)->finalize (object);
}

static void
pgm_cluster_item_class_init (PgmClusterItemClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = pgm_cluster_item_finalize;
  signals[CHANGED] = g_signal_new ("changed", PGM_TYPE_CLUSTER_ITEM, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
}

static void
pgm_cluster_item_init (PgmClusterItem *self)
{
}

PgmClusterItem *
pgm_cluster_item_new (PgmCluster *cluster)
{
  PgmClusterItem *self = g_object_new (PGM_TYPE_CLUSTER_ITEM, NULL);

  self->cluster = pgm_record_ref (cluster);
  return self;
}

void
pgm_cluster_item_set_cluster (PgmClusterItem *self, PgmCluster *cluster)
{
  gboolean changed = !pgm_record_equal (self->cluster, cluster);

  pgm_record_ref (cluster);
  pgm_record_unref (self->cluster);
  self->cluster = cluster;
  if (changed)
    g_signal_emit (self, signals[CHANGED], 0);
}

/* The round trip to the node that counts: the primary, else the first that answers. */
static double
get_round_trip (const GPtrArray *nodes)
{
  const PgmNodeState *best = NULL;

  for (guint i = 0; nodes != NULL && i < nodes->len; i++)
    {
      const PgmNodeState *node = g_ptr_array_index (nodes, i);

      if (node->reachable && (best == NULL || (best->live_role != PGM_NODE_PRIMARY &&
                                               node->live_role == PGM_NODE_PRIMARY)))
        best = node;
    }
  return best != NULL ? (double) best->latency_ns / 1e6 : NAN;
}

static void
remember (PgmClusterItem *self, double round_trip)
{
  gint64 now = g_get_monotonic_time ();
  gint64 first = now - (gint64) PGM_SPARKLINE_SECONDS * G_USEC_PER_SEC;
  guint skip = self->n_history == PGM_SPARKLINE_POINTS ? 1 : 0;

  while (skip < self->n_history && self->history[skip].time < first)
    skip++;
  self->n_history -= skip;
  memmove (self->history, self->history + skip, sizeof self->history[0] * self->n_history);
  self->history[self->n_history++] = (PgmSparklinePoint){ now, round_trip };
}

void
pgm_cluster_item_set_nodes (PgmClusterItem *self, GPtrArray *nodes, const GError *error)
{
  g_clear_error (&self->error);
  if (error != NULL)
    self->error = g_error_copy (error);
  else
    {
      g_ptr_array_ref (nodes);
      g_clear_pointer (&self->nodes, g_ptr_array_unref);
      self->nodes = nodes;
    }
  remember (self, error != NULL ? NAN : get_round_trip (nodes));
  g_signal_emit (self, signals[CHANGED], 0);
}

PgmCluster *
pgm_cluster_item_get_cluster (PgmClusterItem *self)
{
  return self->cluster;
}

const char *
pgm_cluster_item_get_id (PgmClusterItem *self)
{
  return self->cluster->id;
}

const char *
pgm_cluster_item_get_name (PgmClusterItem *self)
{
  return self->cluster->name != NULL && *self->cluster->name != '\0' ? self->cluster->name
                                                                     : self->cluster->id;
}

GPtrArray *
pgm_cluster_item_get_nodes (PgmClusterItem *self)
{
  return self->nodes;
}

const GError *
pgm_cluster_item_get_error (PgmClusterItem *self)
{
  return self->error;
}

guint
pgm_cluster_item_count_alerts (PgmClusterItem *self)
{
  guint count = 0;

  for (guint i = 0; self->nodes != NULL && i < self->nodes->len; i++)
    {
      const PgmNodeState *node = g_ptr_array_index (self->nodes, i);

      count += !node->reachable || node->role_differs;
    }
  return count;
}

PgmClusterState
pgm_cluster_item_get_state (PgmClusterItem *self)
{
  guint reachable = 0;

  if (self->error != NULL)
    return PGM_CLUSTER_DOWN;
  if (self->nodes == NULL)
    return PGM_CLUSTER_UNKNOWN;
  for (guint i = 0; i < self->nodes->len; i++)
    reachable += ((PgmNodeState *) g_ptr_array_index (self->nodes, i))->reachable;
  if (reachable == 0)
    return PGM_CLUSTER_DOWN;
  return pgm_cluster_item_count_alerts (self) == 0 ? PGM_CLUSTER_HEALTHY : PGM_CLUSTER_DEGRADED;
}

const char *
pgm_cluster_state_to_text (PgmClusterState state)
{
  switch (state)
    {
    case PGM_CLUSTER_HEALTHY:
      return _ ("Healthy");
    case PGM_CLUSTER_DEGRADED:
      return _ ("Needs attention");
    case PGM_CLUSTER_DOWN:
      return _ ("Not reachable");
    case PGM_CLUSTER_UNKNOWN:
    default:
      return _ ("Not looked at yet");
    }
}

/* Each its own shape: the colour only repeats it. */
const char *
pgm_cluster_state_to_icon (PgmClusterState state)
{
  switch (state)
    {
    case PGM_CLUSTER_HEALTHY:
      return "pgm-state-ok-symbolic";
    case PGM_CLUSTER_DEGRADED:
      return "pgm-state-warning-symbolic";
    case PGM_CLUSTER_DOWN:
      return "pgm-state-error-symbolic";
    case PGM_CLUSTER_UNKNOWN:
    default:
      return "pgm-state-unknown-symbolic";
    }
}

const char *
pgm_cluster_state_to_css_class (PgmClusterState state)
{
  switch (state)
    {
    case PGM_CLUSTER_HEALTHY:
      return "success";
    case PGM_CLUSTER_DEGRADED:
      return "warning";
    case PGM_CLUSTER_DOWN:
      return "error";
    case PGM_CLUSTER_UNKNOWN:
    default:
      return "dim-label";
    }
}

const char *
pgm_cluster_item_get_environment (PgmClusterItem *self)
{
  for (guint i = 0; self->cluster->tags != NULL && self->cluster->tags[i] != NULL; i++)
    if (g_str_has_prefix (self->cluster->tags[i], "env:") && self->cluster->tags[i][4] != '\0')
      return self->cluster->tags[i] + 4;
  return NULL;
}

gboolean
pgm_cluster_item_is_protected (PgmClusterItem *self)
{
  const char *environment = pgm_cluster_item_get_environment (self);

  if (g_strcmp0 (environment, "prod") == 0 || g_strcmp0 (environment, "production") == 0)
    return TRUE;
  return self->cluster->tags != NULL &&
         g_strv_contains ((const char *const *) self->cluster->tags, "protected");
}

/* As found where somebody has looked, else as declared. */
static void
count_roles (PgmClusterItem *self, guint counts[3], const char **version)
{
  for (guint i = 0; self->nodes != NULL && i < self->nodes->len; i++)
    {
      const PgmNodeState *node = g_ptr_array_index (self->nodes, i);
      int role = node->reachable ? node->live_role : node->declared_role;

      counts[CLAMP (role, 0, 2)]++;
      if (*version == NULL && node->reachable)
        *version = node->version;
    }
  for (guint i = 0; self->nodes == NULL && i < self->cluster->nodes->len; i++)
    counts[CLAMP (((PgmNode *) g_ptr_array_index (self->cluster->nodes, i))->role, 0, 2)]++;
}

static void
add_part (GString *text, const char *part)
{
  if (text->len > 0)
    g_string_append (text, " · ");
  g_string_append (text, part);
}

static void
add_count (GString *text, guint count, const char *word)
{
  g_autofree char *part = g_strdup_printf ("%u %s", count, word);

  if (count > 0)
    add_part (text, part);
}

char *
pgm_cluster_item_describe (PgmClusterItem *self)
{
  GString *text = g_string_new (NULL);
  guint counts[3] = { 0 };
  const char *version = NULL;

  count_roles (self, counts, &version);
  if (version != NULL)
    add_part (text, version);
  add_count (text, counts[PGM_NODE_PRIMARY],
             g_dngettext (PGM_GETTEXT_DOMAIN, "primary", "primaries", counts[PGM_NODE_PRIMARY]));
  add_count (text, counts[PGM_NODE_REPLICA],
             g_dngettext (PGM_GETTEXT_DOMAIN, "replica", "replicas", counts[PGM_NODE_REPLICA]));
  add_count (text, counts[PGM_NODE_STANDBY],
             g_dngettext (PGM_GETTEXT_DOMAIN, "standby", "standbys", counts[PGM_NODE_STANDBY]));
  return g_string_free (text, FALSE);
}

const PgmSparklinePoint *
pgm_cluster_item_get_history (PgmClusterItem *self, guint *length)
{
  *length = self->n_history;
  return self->history;
}
