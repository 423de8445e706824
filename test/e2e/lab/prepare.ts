import { dockerStoreOf } from "./docker-store.ts";
import { imagesTar } from "./images.ts";
import { describeRoot, type Root, rootsOf } from "./roots.ts";

/**
 * Fills the lab's caches on two cores at once, and prints the versions in the roots. Otherwise the tests would fill them
 * one after another. vitest runs it before all tests (`globalSetup`).
 */
export default async function prepareLab(): Promise<void> {
  const roots = await rootsOf();
  await imagesTar();
  const store = async (root: Root) => void (await dockerStoreOf(root));
  await Promise.all([store(roots[0]!), store(roots[1]!)]);
  await Promise.all(roots.slice(2).map(store));
  for (const root of roots) console.log(describeRoot(root));
}
