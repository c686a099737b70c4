export default function About() {
  return <p>about</p>;
}

export const getServerSideProps = async () => ({ props: {} });
