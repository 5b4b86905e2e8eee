// A receiver as tutorials for Express show it: Stripe's library, then one committed INSERT.
import Database from "better-sqlite3";
import express from "express";
import Stripe from "stripe";

const stripe = new Stripe("sk_test_unused");
const database = new Database(process.env.HOOKS_DB);
database.pragma("journal_mode = WAL");
database.pragma("synchronous = FULL");
database.exec("CREATE TABLE IF NOT EXISTS hooks (id TEXT PRIMARY KEY, body BLOB)");
const insert = database.prepare("INSERT OR IGNORE INTO hooks VALUES (?, ?)");
const app = express();

app.post("/webhooks/stripe", express.raw({ type: "application/json" }), (request, response) => {
  let event;
  try {
    event = stripe.webhooks.constructEvent(request.body, request.headers["stripe-signature"], process.env.STRIPE_SECRET);
  } catch {
    return response.status(400).json({ status: "refused" });
  }
  const stored = insert.run(event.id, request.body).changes;
  response.json({ status: stored ? "stored" : "duplicate" });
});

const server = app.listen(0, "127.0.0.1", () => console.log(server.address().port));
