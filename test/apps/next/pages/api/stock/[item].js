export default function stock(request, response) {
  response.json({ item: request.query.item });
}
