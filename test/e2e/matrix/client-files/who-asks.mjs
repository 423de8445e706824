// A web server outside, on the port given: answers everyone with the address that they come from.
import { createServer } from "node:http";

createServer((request, response) =>
  response.end(request.socket.remoteAddress),
).listen(Number(process.argv[2]), "::", () => console.log("listening"));
