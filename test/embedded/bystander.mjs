// Somebody else's process.
setInterval(() => undefined, 60_000);
