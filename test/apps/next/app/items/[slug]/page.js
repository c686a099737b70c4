export default async function Item({ params }) {
  const { slug } = await params;
  return <p>{slug}</p>;
}
