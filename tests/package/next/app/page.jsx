import Iris from "./iris";

export const metadata = { title: "?" };

export default function Page() {
  return <Iris />;
}
