-- A shop as applications have them. shop.orders (a setting) says how many orders.
CREATE SCHEMA shop AUTHORIZATION shop_owner;
CREATE SCHEMA audit AUTHORIZATION shop_owner;
GRANT USAGE ON SCHEMA shop TO shop_reader;
COMMENT ON SCHEMA shop IS 'What is sold, to whom, and what came of it';

CREATE TYPE shop.order_state AS ENUM ('open', 'paid', 'packed', 'sent', 'returned');
CREATE DOMAIN shop.email AS text CHECK (VALUE ~ '^[^@ ]+@[^@ ]+$');
CREATE TYPE shop.address AS (street text, city text, postcode text, country character(2));

CREATE TABLE shop.customers (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL,
  email shop.email NOT NULL UNIQUE,
  home shop.address,
  phones text[],
  settings jsonb NOT NULL DEFAULT '{}',
  credit numeric(12,2) NOT NULL DEFAULT 0 CHECK (credit >= 0),
  created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN shop.customers.credit IS 'Vouchers left, in euros';

CREATE TABLE shop.products (
  id serial PRIMARY KEY,
  sku character varying(20) NOT NULL UNIQUE,
  title text NOT NULL,
  description text,
  price numeric(10,2) NOT NULL CHECK (price > 0),
  weight_kg real,
  tags text[] NOT NULL DEFAULT '{}',
  picture bytea,
  sold_during tstzrange,
  words tsvector GENERATED ALWAYS AS (to_tsvector('simple', title || ' ' || coalesce(description, ''))) STORED
);
CREATE INDEX products_words ON shop.products USING gin (words);
CREATE INDEX products_cheap ON shop.products (price) WHERE price < 20;

CREATE TABLE shop.orders (
  id bigint NOT NULL,
  customer_id bigint NOT NULL REFERENCES shop.customers,
  state shop.order_state NOT NULL DEFAULT 'open',
  ordered_at timestamptz NOT NULL,
  ship_to shop.address,
  note text,
  PRIMARY KEY (id, ordered_at)
) PARTITION BY RANGE (ordered_at);
CREATE SEQUENCE shop.order_number OWNED BY shop.orders.id;
ALTER TABLE shop.orders ALTER id SET DEFAULT nextval('shop.order_number');
CREATE TABLE shop.orders_2024 PARTITION OF shop.orders FOR VALUES FROM ('2024-01-01Z') TO ('2025-01-01Z');
CREATE TABLE shop.orders_2025 PARTITION OF shop.orders FOR VALUES FROM ('2025-01-01Z') TO ('2026-01-01Z');
CREATE TABLE shop.orders_later PARTITION OF shop.orders DEFAULT;
CREATE INDEX orders_customer ON shop.orders (customer_id, ordered_at DESC);

CREATE TABLE shop.order_items (
  order_id bigint NOT NULL,
  ordered_at timestamptz NOT NULL,
  line smallint NOT NULL,
  product_id integer NOT NULL REFERENCES shop.products,
  quantity integer NOT NULL CHECK (quantity > 0),
  price numeric(10,2) NOT NULL,
  PRIMARY KEY (order_id, ordered_at, line),
  FOREIGN KEY (order_id, ordered_at) REFERENCES shop.orders ON DELETE CASCADE
);
CREATE INDEX order_items_product ON shop.order_items (product_id);

CREATE TABLE shop.reviews (
  id uuid PRIMARY KEY,
  product_id integer NOT NULL REFERENCES shop.products,
  customer_id bigint REFERENCES shop.customers ON DELETE SET NULL,
  stars smallint NOT NULL CHECK (stars BETWEEN 1 AND 5),
  body text,
  UNIQUE (product_id, customer_id) DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE audit.changes (
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  who name NOT NULL DEFAULT current_user,
  what text NOT NULL,
  old_row jsonb,
  new_row jsonb
);
CREATE UNLOGGED TABLE shop.sessions (token uuid PRIMARY KEY, customer_id bigint, seen timestamptz);

CREATE FUNCTION shop.order_total(bigint) RETURNS numeric LANGUAGE sql STABLE
  AS 'SELECT sum(quantity * price) FROM shop.order_items WHERE order_id = $1';
CREATE FUNCTION audit.note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO audit.changes (what, old_row, new_row) VALUES (TG_TABLE_NAME, to_jsonb(OLD), to_jsonb(NEW));
  RETURN NEW;
END $$;
CREATE VIEW shop.open_orders AS
  SELECT o.id, o.ordered_at, c.name, c.email, shop.order_total(o.id) AS total
  FROM shop.orders o JOIN shop.customers c ON c.id = o.customer_id WHERE o.state = 'open';

INSERT INTO shop.customers (name, email, home, phones, settings, credit, created_at)
  SELECT 'Customer ' || i, 'customer' || i || '@example.org',
         ROW('Main Street ' || i % 200, (ARRAY['Berlin', 'Lisboa', 'Oslo', 'Zürich'])[1 + i % 4],
             lpad((i % 99999)::text, 5, '0'), (ARRAY['DE', 'PT', 'NO', 'CH'])[1 + i % 4])::shop.address,
         CASE WHEN i % 3 = 0 THEN ARRAY['+49 30 ' || i, NULL] END,
         jsonb_build_object('newsletter', i % 2 = 0, 'language', (ARRAY['de', 'pt', 'no'])[1 + i % 3]),
         (i % 5000) / 100.0, '2023-12-01Z'::timestamptz + i * interval '7 minutes'
  FROM generate_series(1, greatest(10, current_setting('shop.orders')::integer / 10)) AS i;

INSERT INTO shop.products (sku, title, description, price, weight_kg, tags, picture, sold_during)
  SELECT 'SKU-' || i, (ARRAY['Chair', 'Table', 'Lamp', 'Shelf', 'Clock'])[1 + i % 5] || ' no. ' || i,
         CASE WHEN i % 7 <> 0 THEN repeat('Solid, made to last. ', 1 + i % 40) END,
         1 + (i * 37 % 20000) / 100.0, CASE WHEN i % 11 = 0 THEN 'NaN' ELSE i % 50 / 3.0 END::real,
         ARRAY['home', 'series ' || i % 9], decode(md5(i::text), 'hex'),
         tstzrange('2024-01-01Z', CASE WHEN i % 4 = 0 THEN '2025-06-01Z'::timestamptz END)
  FROM generate_series(1, 2000) AS i;

INSERT INTO shop.orders (customer_id, state, ordered_at, ship_to, note)
  SELECT c.id, (enum_range(NULL::shop.order_state))[1 + i % 5],
         '2024-01-01Z'::timestamptz + i * (interval '900 days' / current_setting('shop.orders')::integer), c.home,
         CASE WHEN i % 13 = 0 THEN E'Please ring twice,\n\tsecond floor \\ left' END
  FROM generate_series(1, current_setting('shop.orders')::integer) AS i
  JOIN shop.customers c ON c.id = 1 + (i::bigint * 7919) % greatest(10, current_setting('shop.orders')::integer / 10);

INSERT INTO shop.order_items (order_id, ordered_at, line, product_id, quantity, price)
  SELECT o.id, o.ordered_at, l, 1 + (o.id * 31 + l * 17) % 2000, 1 + (o.id + l) % 4, 1 + ((o.id * 37 + l) % 20000) / 100.0
  FROM shop.orders o, generate_series(1, 3) AS l;

INSERT INTO shop.reviews
  SELECT md5(i::text)::uuid, 1 + i % 2000, 1 + (i / 2000) % greatest(10, current_setting('shop.orders')::integer / 10),
         1 + i % 5, repeat('Works as it should. ', i % 30)
  FROM generate_series(1, least(20000, current_setting('shop.orders')::integer / 10)) AS i;
INSERT INTO shop.sessions SELECT md5('s' || i)::uuid, i, '2026-01-01Z' FROM generate_series(1, 50) AS i;

CREATE MATERIALIZED VIEW shop.sales_by_product AS
  SELECT p.id, p.title, sum(i.quantity) AS sold, sum(i.quantity * i.price) AS turnover
  FROM shop.products p JOIN shop.order_items i ON i.product_id = p.id GROUP BY p.id, p.title;
CREATE UNIQUE INDEX sales_by_product_id ON shop.sales_by_product (id);

CREATE TRIGGER note_change AFTER UPDATE OR DELETE ON shop.products
  FOR EACH ROW EXECUTE FUNCTION audit.note_change();
UPDATE shop.products SET price = price + 0.01 WHERE id % 100 = 0;
CREATE STATISTICS shop.orders_by_customer ON customer_id, state FROM shop.orders_2024;

SELECT lo_from_bytea(0, decode(repeat(md5(i::text), 2000), 'hex')) FROM generate_series(1, 5) AS i;

-- Nothing in it is ever changed, but a table without a key can't be published as it is.
ALTER TABLE audit.changes REPLICA IDENTITY FULL;

GRANT SELECT ON ALL TABLES IN SCHEMA shop TO shop_reader;
GRANT USAGE ON SCHEMA shop TO shop_app;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA shop TO shop_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA shop TO shop_app;
ALTER DEFAULT PRIVILEGES FOR ROLE shop_owner IN SCHEMA shop GRANT SELECT ON TABLES TO shop_reader;
ALTER TABLE shop.customers OWNER TO shop_owner;
ALTER TABLE shop.products OWNER TO shop_owner;
ALTER DATABASE shop SET statement_timeout = '10min';
