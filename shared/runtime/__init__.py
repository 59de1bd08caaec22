"""What our services happen to run on. No rule about evidence lives here."""
