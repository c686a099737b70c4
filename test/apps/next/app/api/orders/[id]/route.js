export async function GET(_request, { params }) {
  const { id } = await params;
  if (id === 'lost') throw new Error('lost');
  return Response.json({ id });
}
