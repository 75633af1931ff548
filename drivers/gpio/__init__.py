"""GPIO pins for the drivers that have them: contactor, lock, indicator, button, pulse meter.

``factory`` opens gpiozero's pin factories by name, ``pins`` hands out the inputs and outputs of one device,
``debounce`` makes steady levels of edges, ``patterns`` says how lamps blink. No driver is found here; they are in
``drivers/<part>s/``. Nothing is imported from a GPIO library before a device is opened.

Levels, for whoever does the wiring: pin numbers are BCM numbers. Every input has the Pi's own pull-up (about 50 kOhm to
3.3 V) and expects a contact, or the open collector of an optocoupler, to ground: closed is low, open or cut is high.
Never lead anything but 3.3 V to a pin; 24 V inputs and coils go through optocouplers and drivers.

Outputs and the end of the process: a pin given back becomes a floating input, so a coil driver needs a resistor of its
own that keeps it off (10 kOhm to ground, to the supply where it is active low). The kernels of Raspberry Pi OS leave an
output driven when its process dies; ``dtparam=strict_gpiod`` in ``config.txt`` (kernels since spring 2024) makes it an
input instead. That is set at boot and cannot be asked for by a program; ``factory.outputs_survive`` tells which holds.
"""
