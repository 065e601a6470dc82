#include "config.h"

#include "migration/catalog-objects-private.h"

/* Schemas, tables and all that hangs on a table. */

static const char schemas_sql[] =
    "SELECT quote_ident(n.nspname), n.nspname, NULL, format('CREATE SCHEMA %I', n.nspname), NULL "
    "FROM pg_namespace n WHERE @user AND @own(pg_namespace, n.oid)";

/* Columns that were inherited are put first by a restore, wherever they stood: in
 * tables with parents (partitions keep theirs) the order says nothing. Likewise
 * the order of two parents is that of the statement. */
static const char tables_sql[] =
    "SELECT @rel, n.nspname, c.relname, "
    "concat('CREATE ', CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED ' END, 'TABLE ', @rel, @table), NULL "
    "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "LEFT JOIN LATERAL (@columns) col ON true "
    "WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND @user AND @own(pg_class, c.oid)";

static const char foreign_tables_sql[] =
    "SELECT @rel, n.nspname, c.relname, concat('CREATE FOREIGN TABLE ', @rel, @table, "
    "E'\\nSERVER ' || quote_ident(s.srvname), @options(ft.ftoptions)), "
    "concat('CREATE FOREIGN TABLE ', @rel, @table, s.srvname, md5(@raw(ft.ftoptions))) "
    "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "JOIN pg_foreign_table ft ON ft.ftrelid = c.oid JOIN pg_foreign_server s ON s.oid = ft.ftserver "
    "LEFT JOIN LATERAL (@columns) col ON true "
    "WHERE @user AND @own(pg_class, c.oid)";

/* A sequence that a column owns belongs to the column's table. */
static const char sequences_sql[] =
    "SELECT @rel, coalesce(o.nspname, n.nspname), o.relname, "
    "concat('CREATE ', CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED ' END, 'SEQUENCE ', @rel, "
    "' AS ', format_type(s.seqtypid, NULL), ' INCREMENT ', s.seqincrement, ' MINVALUE ', s.seqmin, "
    "' MAXVALUE ', s.seqmax, ' START ', s.seqstart, ' CACHE ', s.seqcache, "
    "CASE WHEN s.seqcycle THEN ' CYCLE' END, "
    "CASE o.deptype WHEN 'i' THEN ' IDENTITY OF ' WHEN 'a' THEN ' OWNED BY ' END, "
    "@name(o.nspname, o.relname) || '.' || quote_ident(o.attname)), NULL "
    "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "JOIN pg_sequence s ON s.seqrelid = c.oid "
    "LEFT JOIN LATERAL (@owner(c.oid)) o ON true "
    "WHERE c.relpersistence <> 't' AND @user AND @own(pg_class, c.oid)";

/* Column names and types belong to a view: SELECT may leave them to its tables. */
static const char views_sql[] =
    "SELECT @rel, n.nspname, c.relname, concat('CREATE VIEW ', @rel, @view), NULL "
    "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE c.relkind = 'v' AND c.relpersistence <> 't' AND @user AND @own(pg_class, c.oid)";

static const char matviews_sql[] =
    "SELECT @rel, n.nspname, c.relname, concat('CREATE MATERIALIZED VIEW ', @rel, @view, "
    "CASE WHEN NOT c.relispopulated THEN E'\\nWITH NO DATA' END), NULL "
    "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE c.relkind = 'm' AND @user AND @own(pg_class, c.oid)";

static const char indexes_sql[] =
    "SELECT @name(n.nspname, ic.relname), n.nspname, c.relname, "
    "concat(pg_get_indexdef(i.indexrelid), @tablespace(ic.reltablespace), "
    "(SELECT E'\\n  ATTACHED TO ' || @name(pn.nspname, pc.relname) FROM pg_inherits h "
    "JOIN pg_class pc ON pc.oid = h.inhparent JOIN pg_namespace pn ON pn.oid = pc.relnamespace "
    "WHERE h.inhrelid = i.indexrelid), "
    "CASE WHEN i.indisclustered THEN E'\\n  CLUSTER ON' END, "
    "CASE WHEN NOT i.indisvalid THEN E'\\n  INVALID' END, "
    "(SELECT string_agg(concat(E'\\n  ALTER ', a.attnum, ' SET STATISTICS ', a.attstattarget), '' "
    "ORDER BY a.attnum) FROM pg_attribute a "
    "WHERE a.attrelid = ic.oid AND coalesce(a.attstattarget, -1) >= 0)), NULL "
    "FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid "
    "JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE c.relpersistence <> 't' AND @user AND @own(pg_class, c.oid) AND @own(pg_class, ic.oid)";

/* Left out: constraint triggers (they are triggers), what a partition's foreign
 * key got from its parent's (each version names it anew), and NOT NULL unless both
 * sides have it as an object. */
static const char constraints_sql[] =
    "SELECT concat(quote_ident(k.conname), ' ON ', @rel), n.nspname, c.relname, "
    "concat('ALTER TABLE ', @rel, ' ADD CONSTRAINT ', quote_ident(k.conname), ' ', "
    "pg_get_constraintdef(k.oid)), NULL "
    "FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid "
    "JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE k.contype IN ('c', 'p', 'u', 'x', 'f'$b18{, 'n'$:$}) "
    "$11{AND NOT (k.contype = 'f' AND k.conparentid <> 0)$:$} "
    "AND c.relpersistence <> 't' AND @user AND @own(pg_class, c.oid)";

/* What partitions got from their parent's triggers is compared only where both
 * sides keep it in the same way. */
static const char triggers_sql[] =
    "SELECT concat(quote_ident(g.tgname), ' ON ', @rel), n.nspname, c.relname, "
    "concat(pg_get_triggerdef(g.oid), @enabled(g.tgenabled)), NULL "
    "FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid "
    "JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE NOT g.tgisinternal $b15{$:$13{AND g.tgparentid = 0$:$}$} "
    "AND c.relpersistence <> 't' AND @user AND @own(pg_class, c.oid) AND @own(pg_trigger, g.oid)";

static const char rules_sql[] =
    "SELECT concat(quote_ident(r.rulename), ' ON ', @rel), n.nspname, c.relname, "
    "concat(pg_get_ruledef(r.oid), @enabled(r.ev_enabled)), NULL "
    "FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class "
    "JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE r.rulename <> '_RETURN' AND @user AND @own(pg_class, c.oid) AND @own(pg_rewrite, r.oid)";

static const char policies_sql[] =
    "SELECT concat(quote_ident(p.polname), ' ON ', @rel), n.nspname, c.relname, "
    "concat('CREATE POLICY ', quote_ident(p.polname), ' ON ', @rel, "
    "CASE WHEN NOT p.polpermissive THEN ' AS RESTRICTIVE' END, "
    "' FOR ', CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' "
    "WHEN 'd' THEN 'DELETE' ELSE 'ALL' END, ' TO ', "
    "(SELECT string_agg(q.name, ', ' ORDER BY q.name COLLATE \"C\") FROM (SELECT @role(r) AS name "
    "FROM unnest(p.polroles) r) q), "
    "' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', "
    "' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')'), NULL "
    "FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid "
    "JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE @user AND @own(pg_class, c.oid)";

static const char statistics_sql[] =
    "SELECT @name(sn.nspname, x.stxname), n.nspname, c.relname, "
    "concat(pg_get_statisticsobjdef(x.oid), "
    "$13{CASE WHEN coalesce(x.stxstattarget, -1) >= 0 THEN concat(E'\\n  SET STATISTICS ', x.stxstattarget) END$:NULL$}), NULL "
    "FROM pg_statistic_ext x JOIN pg_class c ON c.oid = x.stxrelid "
    "JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_namespace sn ON sn.oid = x.stxnamespace "
    "WHERE @user AND @own(pg_class, c.oid)";

const PgmObjectQuery pgm_object_queries_relations[] = {
  { "schema", schemas_sql, 0, 0 },
  { "table", tables_sql, 0, 0 },
  { "foreign table", foreign_tables_sql, 0, 0 },
  { "sequence", sequences_sql, 0, 0 },
  { "view", views_sql, 0, 0 },
  { "materialized view", matviews_sql, 0, 0 },
  { "index", indexes_sql, 0, 0 },
  { "constraint", constraints_sql, 0, 0 },
  { "trigger", triggers_sql, 0, 0 },
  { "rule", rules_sql, 0, 0 },
  { "policy", policies_sql, 0, 0 },
  { "extended statistics", statistics_sql, 0, 0 },
  { NULL },
};
