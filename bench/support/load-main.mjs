import autocannon from "autocannon";

// Load in a process of its own: what it takes of a core must not come out of the benchmark's. One job at a time, each a message.
process.on("message", async ({ url, bodies, connections, seconds }) => {
  const requests = bodies.map((body) => ({ method: "POST", path: new URL(url).pathname, body, headers: { "content-type": "application/json" } }));
  const seen = await autocannon({ url, connections, duration: seconds, requests });
  const right = seen.statusCodeStats["200"]?.count ?? 0;
  const answered = seen["1xx"] + seen["2xx"] + seen["3xx"] + seen["4xx"] + seen["5xx"];
  process.send({ perSecond: right / seen.duration, failed: answered - right + seen.errors + seen.timeouts });
});
