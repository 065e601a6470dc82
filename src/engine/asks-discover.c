/* The siblings of one server: whom it says it replicates to or from, each looked at with
 * the same user. A server knows from where a standby connects, but not on which port that
 * one listens: the ports that are known are tried, and what answers there counts only when
 * its system identifier is the same. */
#include "engine/asks-private.h"

#include <string.h>

#include "engine/nodes.h"
#include "model/report.h"
#include "postgres/inspect.h"
#include "postgres/quote.h"

#define ASKED_CONNECT_SECONDS 10
#define ASKED_SECONDS         30
#define PROBE_CONNECT_SECONDS 3
#define PROBE_SECONDS         10
#define DEFAULT_PORT          5432
/* A primary has some standbys, not hundreds. */
#define MAX_SIBLINGS 64

typedef struct
{
  PgmConninfo *info; /* of the asked server */
  const char *host;
  gint64 port;
  guint64 system_identifier;
  PgmDiscovery *discovery;
  GPtrArray *probes; /* Probe */
  gint64 started;    /* of the asked server, to know it again */
  gboolean met;      /* among the standbys of its upstream */
  GCancellable *cancellable;
} Search;

typedef struct
{
  Search *search;
  PgmSibling *sibling;
  gint64 ports[3];      /* to be tried, 0: no more */
  gint64 started;       /* of the server that was found, with its port: who it is */
  gboolean second_hand; /* told by the upstream of the asked server */
  GPtrArray *further;
  GThread *thread;
} Probe;

static void
free_probe (gpointer data)
{
  Probe *probe = data;

  if (probe->thread != NULL)
    g_thread_join (probe->thread);
  g_clear_pointer (&probe->further, g_ptr_array_unref);
  pgm_record_unref (probe->sibling);
  g_free (probe);
}

static PgmSibling *
make_sibling (const char *name, const char *host, gint64 port, const char *found_in)
{
  PgmSibling *sibling = pgm_record_new (&pgm_sibling_type);

  sibling->name = g_strdup (name);
  sibling->host = g_strdup (host);
  sibling->port = port;
  sibling->found_in = g_strdup (found_in);
  sibling->role = PGM_NODE_REPLICA;
  return sibling;
}

/* An address of the asked server's own machine is for us where we reached that. */
static gboolean
is_loopback (const char *host)
{
  return g_str_has_prefix (host, "127.") || g_str_equal (host, "::1") ||
         g_ascii_strcasecmp (host, "localhost") == 0;
}

static const char *
seen_from_here (const Search *self, const char *host)
{
  return host != NULL && is_loopback (host) && self->host != NULL ? self->host : host;
}

/* Physical senders are siblings; logical ones are other clusters, which are named and not
 * looked at. */
static GPtrArray *
list_senders (Search *self, PgmNodeSession *session, GError **error)
{
  g_autoptr (PgmResult) rows =
      pgm_inspect_senders (session->connection, session->cancellable, error);
  GPtrArray *siblings = g_ptr_array_new_with_free_func (pgm_record_unref);

  for (guint row = 0; rows != NULL && row < pgm_result_get_rows (rows); row++)
    {
      const char *state = pgm_result_get (rows, row, PGM_INSPECT_SENDER_STATE);
      const char *address = pgm_result_get (rows, row, PGM_INSPECT_SENDER_ADDRESS);
      PgmSibling *sibling =
          make_sibling (pgm_result_get (rows, row, PGM_INSPECT_SENDER_APPLICATION),
                        seen_from_here (self, address), 0, "pg_stat_replication");

      sibling->state = g_strdup (state);
      sibling->logical = !pgm_result_get_bool (rows, row, PGM_INSPECT_SENDER_PHYSICAL);
      if (g_strcmp0 (state, "backup") == 0) /* somebody's base backup */
        pgm_record_unref (sibling);
      else
        g_ptr_array_add (siblings, sibling);
    }
  if (rows == NULL)
    g_clear_pointer (&siblings, g_ptr_array_unref);
  return siblings;
}

static gboolean
list_upstream (Search *self, PgmNodeSession *session, GPtrArray *siblings, GError **error)
{
  g_autoptr (PgmResult) rows =
      pgm_inspect_receiver (session->connection, session->cancellable, error);
  PgmSibling *sibling;

  if (rows == NULL || pgm_result_get_rows (rows) == 0 ||
      pgm_result_get (rows, 0, PGM_INSPECT_RECEIVER_HOST) == NULL)
    return rows != NULL;
  sibling = make_sibling (
      "upstream", seen_from_here (self, pgm_result_get (rows, 0, PGM_INSPECT_RECEIVER_HOST)),
      pgm_result_get_int64 (rows, 0, PGM_INSPECT_RECEIVER_PORT), "pg_stat_wal_receiver");
  sibling->role = PGM_NODE_PRIMARY;
  sibling->state = g_strdup (pgm_result_get (rows, 0, PGM_INSPECT_RECEIVER_STATUS));
  g_ptr_array_add (siblings, sibling);
  return TRUE;
}

/* A slot that nobody reads is a standby that is away. */
static gboolean
list_slots (PgmNodeSession *session, GPtrArray *siblings, GError **error)
{
  g_autoptr (PgmResult) rows = pgm_inspect_slots (session->connection, session->cancellable, error);

  for (guint row = 0; rows != NULL && row < pgm_result_get_rows (rows); row++)
    {
      PgmSibling *sibling;

      if (pgm_result_get_bool (rows, row, PGM_INSPECT_SLOT_ACTIVE))
        continue;
      sibling = make_sibling (pgm_result_get (rows, row, PGM_INSPECT_SLOT_NAME), NULL, 0,
                              "pg_replication_slots");
      sibling->state = g_strdup ("inactive");
      sibling->logical =
          g_strcmp0 (pgm_result_get (rows, row, PGM_INSPECT_SLOT_TYPE), "logical") == 0;
      g_ptr_array_add (siblings, sibling);
    }
  return rows != NULL;
}

static gboolean
list_subscriptions (PgmNodeSession *session, GPtrArray *siblings, GError **error)
{
  g_autoptr (PgmResult) rows =
      pgm_inspect_subscriptions (session->connection, session->cancellable, error);

  for (guint row = 0; rows != NULL && row < pgm_result_get_rows (rows); row++)
    {
      PgmSibling *sibling = make_sibling (pgm_result_get (rows, row, PGM_INSPECT_SUBSCRIPTION_NAME),
                                          NULL, 0, "pg_subscription");

      sibling->role = PGM_NODE_PRIMARY;
      sibling->state =
          g_strdup (pgm_result_get_bool (rows, row, PGM_INSPECT_SUBSCRIPTION_ENABLED) ? "enabled"
                                                                                      : "disabled");
      sibling->logical = TRUE;
      g_ptr_array_add (siblings, sibling);
    }
  return rows != NULL;
}

static PgmConninfo *
info_for (const Search *self, const char *host, gint64 port)
{
  g_autofree char *number = g_strdup_printf ("%" G_GINT64_FORMAT, port);
  g_autoptr (PgmConninfo) at_host = pgm_conninfo_with (self->info, "host", host);
  g_autoptr (PgmConninfo) no_address = pgm_conninfo_with (at_host, "hostaddr", NULL);
  /* The wish was about the asked server. */
  g_autoptr (PgmConninfo) any = pgm_conninfo_with (no_address, "target_session_attrs", NULL);

  return pgm_conninfo_with (any, "port", number);
}

static gboolean
look_inside (Probe *self, PgmNodeSession *session, gint64 port, GError **error)
{
  const PgmServerIdentity *identity = pgm_connection_get_identity (session->connection);
  g_autoptr (PgmResult) row = NULL;

  if (identity->system_identifier != self->search->system_identifier)
    {
      pgm_error_set (error, PGM_ERROR_REFUSED,
                     "on port %" G_GINT64_FORMAT
                     " another cluster answers, with system identifier %" G_GUINT64_FORMAT,
                     port, identity->system_identifier);
      return FALSE;
    }
  row = pgm_inspect_server (session->connection, session->cancellable, error);
  if (row == NULL)
    return FALSE;
  self->started = pgm_result_get_int64 (row, 0, PGM_INSPECT_SERVER_STARTED);
  if (self->sibling->port == 0 && self->started == self->search->started)
    {
      pgm_error_set (error, PGM_ERROR_NOT_FOUND,
                     "on port %" G_GINT64_FORMAT " the asked server itself answers", port);
      return FALSE;
    }
  self->sibling->reachable = TRUE;
  self->sibling->port = port;
  self->sibling->role = pgm_result_get_bool (row, 0, PGM_INSPECT_SERVER_REPLICA) ? PGM_NODE_REPLICA
                                                                                 : PGM_NODE_PRIMARY;
  if (g_strcmp0 (self->sibling->found_in, "pg_stat_wal_receiver") == 0)
    self->further = list_senders (self->search, session, NULL);
  return TRUE;
}

static gpointer
probe_thread (gpointer data)
{
  Probe *self = data;
  PgmSibling *sibling = self->sibling;
  g_autoptr (GString) errors = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (self->ports) && self->ports[i] != 0; i++)
    {
      g_autoptr (PgmConninfo) info = info_for (self->search, sibling->host, self->ports[i]);
      g_autoptr (GError) error = NULL;
      g_autoptr (PgmNodeSession) session = pgm_node_session_open (
          info, sibling->name != NULL ? sibling->name : "sibling", PROBE_CONNECT_SECONDS,
          PROBE_SECONDS, self->search->cancellable, &error);

      if (session != NULL && look_inside (self, session, self->ports[i], &error))
        return NULL;
      if (session != NULL)
        pgm_node_session_explain (session, "its state", &error);
      g_string_append_printf (errors, "%s%s", errors->len > 0 ? "; " : "", error->message);
    }
  if (sibling->port == 0)
    g_string_prepend (errors, "on which port it listens is not known here: ");
  sibling->error = g_strdup (errors->str);
  return NULL;
}

static void
add_port (Probe *self, gint64 port)
{
  for (guint i = 0; port > 0 && i < G_N_ELEMENTS (self->ports); i++)
    {
      if (self->ports[i] == port)
        return;
      if (self->ports[i] != 0)
        continue;
      self->ports[i] = port;
      return;
    }
}

static gboolean
is_known (const Search *self, const PgmSibling *sibling)
{
  for (guint i = 0; i < self->probes->len; i++)
    {
      const Probe *probe = g_ptr_array_index (self->probes, i);

      if (g_strcmp0 (probe->sibling->found_in, sibling->found_in) == 0 &&
          g_strcmp0 (probe->sibling->name, sibling->name) == 0 &&
          g_strcmp0 (probe->sibling->host, sibling->host) == 0)
        return TRUE;
    }
  return FALSE;
}

static void
begin_probe (Search *self, PgmSibling *sibling, gboolean second_hand)
{
  Probe *probe;

  if (self->probes->len >= MAX_SIBLINGS || is_known (self, sibling))
    return;
  probe = g_new0 (Probe, 1);
  probe->search = self;
  probe->sibling = pgm_record_ref (sibling);
  probe->second_hand = second_hand;
  g_ptr_array_add (self->probes, probe);
  if (sibling->logical)
    return;
  if (sibling->host == NULL)
    {
      sibling->error = g_strdup (g_strcmp0 (sibling->found_in, "pg_stat_replication") == 0
                                     ? "from where it connects is not known here"
                                     : "nobody reads this slot just now");
      return;
    }
  add_port (probe, sibling->port);
  if (sibling->port == 0)
    {
      add_port (probe, self->port);
      add_port (probe, DEFAULT_PORT);
    }
  probe->thread = g_thread_new ("pgm-probe", probe_thread, probe);
}

static void
begin_probes (Search *self, GPtrArray *siblings, gboolean second_hand)
{
  for (guint i = 0; siblings != NULL && i < siblings->len; i++)
    begin_probe (self, g_ptr_array_index (siblings, i), second_hand);
}

/* The asked server is once among the standbys of its upstream, too. */
static gboolean
is_asked (Search *self, const Probe *probe)
{
  if (self->met || !probe->second_hand || probe->started != self->started)
    return FALSE;
  self->met = TRUE;
  return TRUE;
}

/* In their order; what one of them brings up comes at the end. */
static void
end_probes (Search *self)
{
  for (guint i = 0; i < self->probes->len; i++)
    {
      Probe *probe = g_ptr_array_index (self->probes, i);

      g_clear_pointer (&probe->thread, g_thread_join);
      begin_probes (self, probe->further, TRUE);
      if (!is_asked (self, probe))
        g_ptr_array_add (self->discovery->siblings, pgm_record_ref (probe->sibling));
    }
}

static gboolean
read_asked (Search *self, PgmNodeSession *session, GError **error)
{
  g_autoptr (PgmResult) row = pgm_inspect_server (session->connection, session->cancellable, error);
  const char *port = pgm_conninfo_get (self->info, "port");
  PgmSibling *asked;

  if (row == NULL)
    return FALSE;
  self->system_identifier = pgm_connection_get_identity (session->connection)->system_identifier;
  self->started = pgm_result_get_int64 (row, 0, PGM_INSPECT_SERVER_STARTED);
  self->host = pgm_conninfo_get (self->info, "host");
  self->port = port != NULL ? g_ascii_strtoll (port, NULL, 10)
                            : pgm_result_get_int64 (row, 0, PGM_INSPECT_SERVER_PORT);
  self->discovery->cluster_name =
      g_strdup (pgm_result_get_or (row, 0, PGM_INSPECT_SERVER_CLUSTER_NAME, ""));
  self->discovery->system_identifier =
      g_strdup_printf ("%" G_GUINT64_FORMAT, self->system_identifier);
  self->discovery->version = g_strdup (pgm_result_get (row, 0, PGM_INSPECT_SERVER_VERSION));
  asked = make_sibling (NULL, self->host, self->port, "uri");
  asked->reachable = TRUE;
  asked->role = pgm_result_get_bool (row, 0, PGM_INSPECT_SERVER_REPLICA) ? PGM_NODE_REPLICA
                                                                         : PGM_NODE_PRIMARY;
  asked->name = g_strdup (pgm_node_role_names[asked->role]);
  g_ptr_array_add (self->discovery->siblings, asked);
  if (!pgm_result_get_bool (row, 0, PGM_INSPECT_SERVER_READ_STATS))
    {
      g_autofree char *role =
          pgm_quote_identifier (pgm_result_get (row, 0, PGM_INSPECT_SERVER_ROLE));

      pgm_asks_note_stats (self->discovery->notes, role);
    }
  if (self->system_identifier == 0)
    pgm_asks_add_note (self->discovery->notes, "system-identifier",
                       "Our role may not see the system identifier, so siblings can't be told from"
                       " other clusters.",
                       NULL);
  return TRUE;
}

static gboolean
search (Search *self, PgmNodeSession *session, GError **error)
{
  g_autoptr (GPtrArray) siblings = NULL;

  if (!read_asked (self, session, error))
    return FALSE;
  siblings = list_senders (self, session, error);
  if (siblings == NULL || !list_upstream (self, session, siblings, error) ||
      !list_slots (session, siblings, error) || !list_subscriptions (session, siblings, error))
    return FALSE;
  begin_probes (self, siblings, FALSE);
  end_probes (self);
  return !g_cancellable_set_error_if_cancelled (self->cancellable, error);
}

gpointer
pgm_answer_discover (PgmStore *store,
                     const char *id,
                     gpointer request,
                     GCancellable *cancellable,
                     GError **error)
{
  const PgmDiscoverQuery *query = request;
  g_autoptr (PgmConninfo) given = pgm_conninfo_new (pgm_secret_reveal (query->uri), error);
  g_autoptr (PgmConninfo) allowed = given != NULL && query->foreign
                                        ? pgm_conninfo_without_files (given, error)
                                        : g_steal_pointer (&given);
  g_autoptr (PgmConninfo) info = allowed != NULL ? pgm_nodes_maintenance (allowed) : NULL;
  g_autoptr (PgmNodeSession) session = NULL;
  g_autoptr (GPtrArray) probes = g_ptr_array_new_with_free_func (free_probe);
  Search self = { .info = info, .probes = probes, .cancellable = cancellable };

  if (info == NULL)
    return NULL;
  session = pgm_node_session_open (info, "server", ASKED_CONNECT_SECONDS, ASKED_SECONDS,
                                   cancellable, error);
  if (session == NULL)
    return NULL;
  self.discovery = pgm_record_new (&pgm_discovery_type);
  if (search (&self, session, error))
    return self.discovery;
  pgm_node_session_explain (session, "its siblings", error);
  pgm_record_unref (self.discovery);
  return NULL;
}
