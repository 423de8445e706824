// A web server outside, on the given port: answers each request with the client's address.
import { createServer } from "node:http";

createServer((request, response) =>
  response.end(request.socket.remoteAddress),
).listen(Number(process.argv[2]), "::", () => console.log("listening"));
