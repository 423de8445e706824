// A module of its own, so that only a conversation loads plop, inquirer and what they bring.
export { default as nodePlop } from "node-plop";
